// y[n,o,i,j] = sum over c, ky, kx of x[n,c, i+ky-2, j+kx-2] * weight[c,ky,kx,o]: a thread slides over four columns.
//
// Layout: x [N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a test; weight [C,5,5,O] and
// y [N,O,H,W] dense.
// Threads: one for 4 columns of y. A row of 8 numbers of x, two vec4s, serves 5 taps of 4 columns.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_row: u32, // from row to row of x, in vec4s
  x_plane: u32, // from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// 4 columns of y from the 8 columns of x that they see, through a row of taps.
fn through(left: vec4<f32>, right: vec4<f32>, at: u32) -> vec4<f32> {
  let step = params.out_channels; // from tap to tap
  return left * weight[at]
    + vec4<f32>(left.yzw, right.x) * weight[at + step]
    + vec4<f32>(left.zw, right.xy) * weight[at + 2u * step]
    + vec4<f32>(left.w, right.xyz) * weight[at + 3u * step]
    + right * weight[at + 4u * step];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let across = (params.width + 3u) / 4u;
  let quad = id.x % across;
  let row = id.x / across % params.height;
  let plane = id.x / (across * params.height);
  let o = plane % params.out_channels;
  let n = plane / params.out_channels;
  if (n >= params.images) {
    return;
  }
  var sums = vec4<f32>();
  for (var c = 0u; c < params.channels; c++) {
    var at = (n * params.channels + c) * params.x_plane + row * params.x_row + quad;
    for (var ky = 0u; ky < 5u; ky++) {
      sums += through(x[at], x[at + 1u], (c * 25u + ky * 5u) * params.out_channels + o);
      at += params.x_row;
    }
  }
  let to = (plane * params.height + row) * params.width;
  for (var j = 0u; j < 4u && quad * 4u + j < params.width; j++) {
    y[to + quad * 4u + j] = sums[j];
  }
}
