// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, i+ky-2, j+kx-2] * dy[g,n,o,i,j]
//
// The gradient of the 5x5 convolution by its weights: what `backward_weight_plain.wgsl` defines, by a
// sliding window.
//
// Layout: x [G,N,C,H,W] and dy [G,N,O,H,W] with a zero border of 2 and rows of whole vec4s; partials
// [G,S,C,5,5,O] dense, S sums over parts of the N H rows, which `reduce_weight.wgsl` adds up in a
// fixed order. With S = 1 this is dweight itself. No atomics: the same bits every run.
// Threads: one for a channel c and a row of taps ky, 8 output channels and all 5 kx: 40 sums in
// registers. It slides along the rows of its part: 4 columns of dy and the 8 of x that they saw give
// 160 products. Workgroup y is the block of 8 output channels, workgroup z the network g and the part,
// so all lanes of a workgroup look at the same rows of dy.
// They read the same addresses, which a GPU does in one access.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  dy_row: u32,
  dy_plane: u32,
  strips: u32, // of 4 columns, in a row
  parts: u32, // S
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Stores the sums of a tap, as many of the 8 as there are output channels.
fn store(at: u32, o: u32, low: vec4<f32>, high: vec4<f32>) {
  for (var k = 0u; k < 4u; k++) {
    if (o + k < params.out_channels) {
      partials[at + k] = low[k];
    }
    if (o + 4u + k < params.out_channels) {
      partials[at + 4u + k] = high[k];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x * WORKGROUP_SIZE + local; // c 5 + ky
  if (index >= 5u * params.channels) {
    return;
  }
  let pair = index;
  let c = pair / 5u;
  let ky = pair % 5u;
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;

  // Sums of tap kx for output channels o..o+3 (low) and o+4..o+7 (high).
  var low0 = vec4<f32>();
  var high0 = vec4<f32>();
  var low1 = vec4<f32>();
  var high1 = vec4<f32>();
  var low2 = vec4<f32>();
  var high2 = vec4<f32>();
  var low3 = vec4<f32>();
  var high3 = vec4<f32>();
  var low4 = vec4<f32>();
  var high4 = vec4<f32>();
  // From a channel of dy to the ones behind it; past the last one there is nothing, and nothing is stored.
  let last = params.out_channels - 1u - o;
  let plane1 = min(1u, last) * params.dy_plane;
  let plane2 = min(2u, last) * params.dy_plane;
  let plane3 = min(3u, last) * params.dy_plane;
  let plane4 = min(4u, last) * params.dy_plane;
  let plane5 = min(5u, last) * params.dy_plane;
  let plane6 = min(6u, last) * params.dy_plane;
  let plane7 = min(7u, last) * params.dy_plane;
  let rows = params.images * params.height;
  let begin = part * rows / params.parts;
  let end = (part + 1u) * rows / params.parts;
  var n = g * params.images + begin / params.height;
  var i = begin % params.height;
  for (var r = begin; r < end; r++) {
    var x_at = (n * params.channels + c) * params.x_plane + (i + ky) * params.x_row;
    var dy_at = (n * params.out_channels + o) * params.dy_plane + (i + 2u) * params.dy_row;
    var left = x[x_at];
    var dy_left0 = dy[dy_at];
    var dy_left1 = dy[dy_at + plane1];
    var dy_left2 = dy[dy_at + plane2];
    var dy_left3 = dy[dy_at + plane3];
    var dy_left4 = dy[dy_at + plane4];
    var dy_left5 = dy[dy_at + plane5];
    var dy_left6 = dy[dy_at + plane6];
    var dy_left7 = dy[dy_at + plane7];
    for (var strip = 0u; strip < params.strips; strip++) {
      x_at++;
      dy_at++;
      let right = x[x_at];
      let dy_right0 = dy[dy_at];
      let dy_right1 = dy[dy_at + plane1];
      let dy_right2 = dy[dy_at + plane2];
      let dy_right3 = dy[dy_at + plane3];
      let dy_right4 = dy[dy_at + plane4];
      let dy_right5 = dy[dy_at + plane5];
      let dy_right6 = dy[dy_at + plane6];
      let dy_right7 = dy[dy_at + plane7];
      let dy_low0 = vec4<f32>(
        dy_left0.z,
        dy_left1.z,
        dy_left2.z,
        dy_left3.z,
      );
      let dy_high0 = vec4<f32>(
        dy_left4.z,
        dy_left5.z,
        dy_left6.z,
        dy_left7.z,
      );
      low0 += left.x * dy_low0;
      high0 += left.x * dy_high0;
      low1 += left.y * dy_low0;
      high1 += left.y * dy_high0;
      low2 += left.z * dy_low0;
      high2 += left.z * dy_high0;
      low3 += left.w * dy_low0;
      high3 += left.w * dy_high0;
      low4 += right.x * dy_low0;
      high4 += right.x * dy_high0;
      let dy_low1 = vec4<f32>(
        dy_left0.w,
        dy_left1.w,
        dy_left2.w,
        dy_left3.w,
      );
      let dy_high1 = vec4<f32>(
        dy_left4.w,
        dy_left5.w,
        dy_left6.w,
        dy_left7.w,
      );
      low0 += left.y * dy_low1;
      high0 += left.y * dy_high1;
      low1 += left.z * dy_low1;
      high1 += left.z * dy_high1;
      low2 += left.w * dy_low1;
      high2 += left.w * dy_high1;
      low3 += right.x * dy_low1;
      high3 += right.x * dy_high1;
      low4 += right.y * dy_low1;
      high4 += right.y * dy_high1;
      let dy_low2 = vec4<f32>(
        dy_right0.x,
        dy_right1.x,
        dy_right2.x,
        dy_right3.x,
      );
      let dy_high2 = vec4<f32>(
        dy_right4.x,
        dy_right5.x,
        dy_right6.x,
        dy_right7.x,
      );
      low0 += left.z * dy_low2;
      high0 += left.z * dy_high2;
      low1 += left.w * dy_low2;
      high1 += left.w * dy_high2;
      low2 += right.x * dy_low2;
      high2 += right.x * dy_high2;
      low3 += right.y * dy_low2;
      high3 += right.y * dy_high2;
      low4 += right.z * dy_low2;
      high4 += right.z * dy_high2;
      let dy_low3 = vec4<f32>(
        dy_right0.y,
        dy_right1.y,
        dy_right2.y,
        dy_right3.y,
      );
      let dy_high3 = vec4<f32>(
        dy_right4.y,
        dy_right5.y,
        dy_right6.y,
        dy_right7.y,
      );
      low0 += left.w * dy_low3;
      high0 += left.w * dy_high3;
      low1 += right.x * dy_low3;
      high1 += right.x * dy_high3;
      low2 += right.y * dy_low3;
      high2 += right.y * dy_high3;
      low3 += right.z * dy_low3;
      high3 += right.z * dy_high3;
      low4 += right.w * dy_low3;
      high4 += right.w * dy_high3;
      dy_left0 = dy_right0;
      dy_left1 = dy_right1;
      dy_left2 = dy_right2;
      dy_left3 = dy_right3;
      dy_left4 = dy_right4;
      dy_left5 = dy_right5;
      dy_left6 = dy_right6;
      dy_left7 = dy_right7;
      left = right;
    }
    i++;
    if (i == params.height) {
      i = 0u;
      n++;
    }
  }
  let at = ((group.z * params.channels * 5u + pair) * 5u) * params.out_channels + o;
  store(at, o, low0, high0);
  store(at + params.out_channels, o, low1, high1);
  store(at + 2u * params.out_channels, o, low2, high2);
  store(at + 3u * params.out_channels, o, low3, high3);
  store(at + 4u * params.out_channels, o, low4, high4);
}
