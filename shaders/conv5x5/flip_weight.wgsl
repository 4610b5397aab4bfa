// flipped[g,o,ky,kx,c] = weight[g,c,4-ky,4-kx,o]
//
// Weights as the gradient by the input wants them: channels exchanged, the filter turned by 180
// degrees. The forward kernels, given dy and these, compute dx. The turn costs a thousandth of the
// convolution, so there is one kernel to make fast instead of two.
//
// Layout: weight [G,C,5,5,O] and flipped [G,O,5,5,C], both dense.
// Threads: one for a filter, all of its 25 taps: x is c, y is o and z is g, so that no index has to
// be divided (on a CPU a division costs as much as ten of these copies).

override WORKGROUP_SIZE: u32 = 32;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
}

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> flipped: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let o = id.y;
  if (c >= params.channels) {
    return;
  }
  let first = (id.z * params.channels + c) * 25u;
  let flipped_first = (id.z * params.out_channels + o) * 25u;
  // Turned by 180 degrees, tap t of 25 is tap 24 - t.
  for (var tap = 0u; tap < 25u; tap++) {
    flipped[(flipped_first + tap) * params.channels + c] =
      weight[(first + 24u - tap) * params.out_channels + o];
  }
}
