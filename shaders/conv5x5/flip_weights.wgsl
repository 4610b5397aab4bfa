// flipped[g,o,ky,kx,c] = weight[g,c,4-ky,4-kx,o], for the weights of several layers at once.
//
// Weights as the gradient by the input wants them: channels exchanged, the filter rotated by 180
// degrees. The forward kernels, given dy and these, compute dx. The turn costs a thousandth of the
// convolution, so there is one kernel to make fast instead of two, and one dispatch for all layers.
//
// Layout: weights holds the layers' [G,C,5,5,O] somewhere, flipped the [G,O,5,5,C] in the same places; layers
//   u32 [layers, 3]: where a layer begins, its C and its O.
// Threads: one for a filter, all of its 25 taps: x is c, y is o and z is the layer and g, so that little
//   has to be divided (on a CPU a division costs as much as ten of these copies).

override WORKGROUP_SIZE: u32 = 32;

struct Params {
  groups: u32, // G
}

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> layers: array<u32>;
@group(0) @binding(2) var<storage, read_write> flipped: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let c = id.x;
  let o = id.y;
  let layer = id.z / params.groups;
  let g = id.z % params.groups;
  let begin = layers[3u * layer];
  let channels = layers[3u * layer + 1u];
  let out_channels = layers[3u * layer + 2u];
  if (c >= channels || o >= out_channels) {
    return;
  }
  let first = (g * channels + c) * 25u;
  let flipped_first = (g * out_channels + o) * 25u;
  // Turned by 180 degrees, tap t of 25 is tap 24 - t.
  for (var tap = 0u; tap < 25u; tap++) {
    flipped[begin + (flipped_first + tap) * channels + c] =
      weights[begin + (first + 24u - tap) * out_channels + o];
  }
}
