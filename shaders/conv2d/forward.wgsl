// y[n, o, oy, ox] = bias[o] + sum over c, i, j of
//   x[n, c, oy * stride_y + i * dilation_y - top, ox * stride_x + j * dilation_x - left] * weight[o, c, i, j]
// where c runs over the channels of o's group, and x is 0 outside of the image.
//
// Layout: x [N, C, H, W], weight [O, C / groups, kh, kw], bias [O], y [N, O, OH, OW], dense.
// Threads: one per pixel of y and 4 output channels of a group, pixels fastest: each x is loaded once for 4 multiply-adds.
// Channels past the group's last are clamped to it for reading and left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  batch: u32, // N
  channels: u32, // C / groups
  height: u32,
  width: u32,
  groups: u32,
  out_channels: u32, // O / groups
  y_height: u32,
  y_width: u32,
  kernel_y: u32,
  kernel_x: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  top: i32, // negative where the image is cropped
  left: i32,
  has_bias: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let plane = params.y_height * params.y_width;
  let tiles = (params.out_channels + 3u) / 4u;
  let n = at / plane / (params.groups * tiles);
  if (n >= params.batch) {
    return;
  }
  let ox = at % params.y_width;
  let oy = at / params.y_width % params.y_height;
  let tile = at / plane % (params.groups * tiles);
  let group = tile / tiles;
  let end = (group + 1u) * params.out_channels;
  let o = group * params.out_channels + tile % tiles * 4u;

  let taps = params.channels * params.kernel_y * params.kernel_x;
  let w0 = o * taps;
  let w1 = min(o + 1u, end - 1u) * taps;
  let w2 = min(o + 2u, end - 1u) * taps;
  let w3 = min(o + 3u, end - 1u) * taps;
  let first = (n * params.groups + group) * params.channels;
  let y0 = i32(oy * params.stride_y) - params.top;
  let x0 = i32(ox * params.stride_x) - params.left;
  var sums = vec4<f32>(0.0);
  for (var c = 0u; c < params.channels; c++) {
    for (var i = 0u; i < params.kernel_y; i++) {
      let iy = y0 + i32(i * params.dilation_y);
      if (iy < 0 || iy >= i32(params.height)) {
        continue;
      }
      let row = ((first + c) * params.height + u32(iy)) * params.width;
      let tap = (c * params.kernel_y + i) * params.kernel_x;
      for (var j = 0u; j < params.kernel_x; j++) {
        let ix = x0 + i32(j * params.dilation_x);
        if (ix < 0 || ix >= i32(params.width)) {
          continue;
        }
        let t = tap + j;
        let w = vec4<f32>(weight[w0 + t], weight[w1 + t], weight[w2 + t], weight[w3 + t]);
        sums += x[row + u32(ix)] * w;
      }
    }
  }
  for (var k = 0u; k < 4u && o + k < end; k++) {
    var sum = sums[k];
    if (params.has_bias != 0u) {
      sum += bias[o + k];
    }
    y[((n * params.groups * params.out_channels + o + k) * params.y_height + oy) * params.y_width + ox] = sum;
  }
}
