// y[n,o,i,j] = sum over c, ky, kx of x[n,c, i+ky-2, j+kx-2] * weight[c,ky,kx,o]: and over eight channels at once.
//
// Layout: x [N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a test; weight [C,5,5,O] and
// y [N,O,H,W] dense.
// Threads: one for 4 columns and 8 channels of y: 32 sums in registers. What is read of x serves them all. Channels past the last
// one are clamped to it for reading and left out when writing.

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
  let eights = (params.out_channels + 7u) / 8u;
  let quad = id.x % across;
  let row = id.x / across % params.height;
  let rest = id.x / (across * params.height);
  let first = rest % eights * 8u;
  let n = rest / eights;
  if (n >= params.images) {
    return;
  }
  var sums: array<vec4<f32>, 8>;
  for (var c = 0u; c < params.channels; c++) {
    var at = (n * params.channels + c) * params.x_plane + row * params.x_row + quad;
    for (var ky = 0u; ky < 5u; ky++) {
      let left = x[at];
      let right = x[at + 1u];
      let taps = (c * 25u + ky * 5u) * params.out_channels;
      for (var k = 0u; k < 8u; k++) {
        sums[k] += through(left, right, taps + min(first + k, params.out_channels - 1u));
      }
      at += params.x_row;
    }
  }
  for (var k = 0u; k < 8u && first + k < params.out_channels; k++) {
    let to = ((n * params.out_channels + first + k) * params.height + row) * params.width;
    for (var j = 0u; j < 4u && quad * 4u + j < params.width; j++) {
      y[to + quad * 4u + j] = sums[k][j];
    }
  }
}
