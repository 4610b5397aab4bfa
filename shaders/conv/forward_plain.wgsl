// y[g,n,o,i,j] = bias[g,o] + sum over c, ky, kx of x[g,n,c, S i + ky - top, S j + kx - left] * weight[g,c,ky,kx,o]
//
// A convolution with a square window, stride S and zeros around x, for G independent networks at once.
// Depthwise (weight [G,C,K,K,1]) there is no sum over c: channel o of y comes from channel o of x.
//
// Layout: x [G,N,C,H,W] and y [G,N,O,OH,OW] with any border and row stride; weight [G,C,K,K,O], bias [G,O] dense.
// Threads: one for each element that y occupies, its border included (that gets zeros). Taps that
// fall outside the image are left out by a test, so x needs no border. Slow and easy to follow: the
// definition on the GPU that the tiled kernels are compared with.

override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: u32 = 0;
override DEPTHWISE: u32 = 0;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  taps: u32, // K
  stride: u32, // S
  top: i32, // negative where the image is cropped
  left: i32,
  height: u32, // of x
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_height: u32,
  y_width: u32,
  y_border: u32,
  y_row_stride: u32,
  length: u32, // elements that y occupies
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
  if (at >= params.length) {
    return;
  }
  // at = (((g N + n) O + o) rows + row) row_stride + column, taken apart from the right.
  let rows = params.y_height + 2u * params.y_border;
  let column = i32(at % params.y_row_stride) - i32(params.y_border);
  let row = i32((at / params.y_row_stride) % rows) - i32(params.y_border);
  let plane = at / (params.y_row_stride * rows);
  let o = plane % params.out_channels;
  let n = plane / params.out_channels; // g N + n
  let g = n / params.images;
  if (row < 0 || row >= i32(params.y_height) || column < 0 || column >= i32(params.y_width)) {
    y[at] = 0.0;
    return;
  }
  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  let taps = params.taps * params.taps;
  // The channels of x that are summed over.
  let begin = select(0u, o, DEPTHWISE != 0u);
  let end = select(params.channels, o + 1u, DEPTHWISE != 0u);
  var sum = 0.0;
  for (var c = begin; c < end; c++) {
    let x_first = (n * params.channels + c) * x_plane;
    for (var tap = 0u; tap < taps; tap++) {
      let i = row * i32(params.stride) + i32(tap / params.taps) - params.top;
      let j = column * i32(params.stride) + i32(tap % params.taps) - params.left;
      if (i < 0 || i >= i32(params.height) || j < 0 || j >= i32(params.width)) {
        continue;
      }
      let x_at = x_first + (u32(i) + params.x_border) * params.x_row_stride + u32(j) + params.x_border;
      let w = (g * params.channels + c) * taps + tap;
      sum += x[x_at] * weight[select(w * params.out_channels + o, w, DEPTHWISE != 0u)];
    }
  }
  if (HAS_BIAS != 0u) {
    sum += bias[g * params.out_channels + o];
  }
  y[at] = sum;
}
