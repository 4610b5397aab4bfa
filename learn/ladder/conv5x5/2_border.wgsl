// y[n,o,i,j] = sum over c, ky, kx of x[n,c, i+ky-2, j+kx-2] * weight[c,ky,kx,o]: zeros around, no tests.
//
// Layout: x [N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a test; weight [C,5,5,O] and
// y [N,O,H,W] dense.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_row: u32, // from row to row of x
  x_plane: u32, // from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x % params.width;
  let row = id.x / params.width % params.height;
  let plane = id.x / (params.width * params.height);
  let o = plane % params.out_channels;
  let n = plane / params.out_channels;
  if (n >= params.images) {
    return;
  }
  var sum = 0.0;
  for (var c = 0u; c < params.channels; c++) {
    let from_x = (n * params.channels + c) * params.x_plane + row * params.x_row + column;
    for (var tap = 0u; tap < 25u; tap++) {
      sum += x[from_x + tap / 5u * params.x_row + tap % 5u] * weight[(c * 25u + tap) * params.out_channels + o];
    }
  }
  y[id.x] = sum;
}
