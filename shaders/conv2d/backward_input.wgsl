// dx[n, c, iy, ix] = bias[c] + sum over o, i, j of dy[n, o, oy, ox] * weight[o, c, i, j], where
//   oy * stride_y = iy + top - i * dilation_y, ox * stride_x = ix + left - j * dilation_x:
// every output that this input went into. With a bias this is PyTorch's ConvTranspose2d (dy its input, dx its output).
//
// Layout: dy [N, O, OH, OW], weight [O, C / groups, kh, kw], bias [C], dx [N, C, H, W], dense.
// Threads: one per pixel of dx and 4 input channels of a group, pixels fastest. It gathers, so nothing is added twice.

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

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The output row or column whose window has this place at its tap, or -1.
fn window(place: i32, stride: u32, count: u32) -> i32 {
  if (place < 0 || place % i32(stride) != 0 || place / i32(stride) >= i32(count)) {
    return -1;
  }
  return place / i32(stride);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let plane = params.height * params.width;
  let tiles = (params.channels + 3u) / 4u;
  let n = at / plane / (params.groups * tiles);
  if (n >= params.batch) {
    return;
  }
  let ix = at % params.width;
  let iy = at / params.width % params.height;
  let tile = at / plane % (params.groups * tiles);
  let group = tile / tiles;
  let c = tile % tiles * 4u; // within the group

  let taps = params.kernel_y * params.kernel_x;
  let last = params.channels - 1u;
  let w0 = c * taps;
  let w1 = min(c + 1u, last) * taps;
  let w2 = min(c + 2u, last) * taps;
  let w3 = min(c + 3u, last) * taps;
  var sums = vec4<f32>(0.0);
  for (var k = 0u; k < params.out_channels; k++) {
    let o = group * params.out_channels + k;
    for (var i = 0u; i < params.kernel_y; i++) {
      let oy = window(i32(iy) + params.top - i32(i * params.dilation_y), params.stride_y, params.y_height);
      if (oy < 0) {
        continue;
      }
      let row = ((n * params.groups * params.out_channels + o) * params.y_height + u32(oy)) * params.y_width;
      let tap = o * params.channels * taps + i * params.kernel_x;
      for (var j = 0u; j < params.kernel_x; j++) {
        let ox = window(i32(ix) + params.left - i32(j * params.dilation_x), params.stride_x, params.y_width);
        if (ox < 0) {
          continue;
        }
        let t = tap + j;
        let w = vec4<f32>(weight[w0 + t], weight[w1 + t], weight[w2 + t], weight[w3 + t]);
        sums += dy[row + u32(ox)] * w;
      }
    }
  }
  for (var k = 0u; k < 4u && c + k < params.channels; k++) {
    let channel = group * params.channels + c + k;
    var sum = sums[k];
    if (params.has_bias != 0u) {
      sum += bias[channel];
    }
    dx[((n * params.groups * params.channels + channel) * params.height + iy) * params.width + ix] = sum;
  }
}
