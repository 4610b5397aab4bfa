// flipped[g,o,ky,kx,c] = weight[g,c,4-ky,4-kx,o]
//
// Weights as the gradient by the input wants them: channels exchanged, the filter turned by 180
// degrees. The forward kernels, given dy and these, compute dx. The turn costs a thousandth of the
// convolution, so there is one kernel to make fast instead of two.
//
// Layout: weight [G,C,5,5,O] and flipped [G,O,5,5,C], both dense.
// Threads: one for each element of flipped.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> flipped: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  // at = ((g O + o) 25 + tap) C + c; turned by 180 degrees, tap t of 25 is tap 24 - t.
  let c = at % params.channels;
  let tap = at / params.channels % 25u;
  let o = at / (params.channels * 25u) % params.out_channels;
  let g = at / (params.channels * 25u * params.out_channels);
  flipped[at] = weight[((g * params.channels + c) * 25u + 24u - tap) * params.out_channels + o];
}
