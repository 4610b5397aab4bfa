// dx[g,n,c,i,j] = sum over o, ky, kx of dy[g,n,o, (i + top - ky) / S, (j + left - kx) / S] * weight[g,c,ky,kx,o]
//
// The gradient of a convolution by its input: the sum goes over the outputs that this input went into, so over the
// taps for which S divides. Depthwise (weight [G,C,K,K,1]) there is no sum over o: o is c.
//
// Layout: dy [G,N,O,OH,OW] and dx [G,N,C,H,W] with any border and row stride; weight [G,C,K,K,O] dense.
// Threads: one for each element that dx occupies, its border included (that gets zeros); each gathers
// its own sum, so nothing is added atomically.

override WORKGROUP_SIZE: u32 = 64;
override DEPTHWISE: u32 = 0;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  taps: u32, // K
  stride: u32, // S
  top: i32, // negative where the image is cropped
  left: i32,
  height: u32, // of dx
  width: u32,
  dx_border: u32,
  dx_row_stride: u32,
  y_height: u32, // of dy
  y_width: u32,
  dy_border: u32,
  dy_row_stride: u32,
  length: u32, // elements that dx occupies
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The output row or column whose window has this place at its tap, or -1.
fn window(place: i32, extent: u32) -> i32 {
  let stride = i32(params.stride);
  if (place < 0 || place % stride != 0 || place / stride >= i32(extent)) {
    return -1;
  }
  return place / stride;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  // at = (((g N + n) C + c) rows + row) row_stride + column, taken apart from the right.
  let rows = params.height + 2u * params.dx_border;
  let column = i32(at % params.dx_row_stride) - i32(params.dx_border);
  let row = i32((at / params.dx_row_stride) % rows) - i32(params.dx_border);
  let plane = at / (params.dx_row_stride * rows);
  let c = plane % params.channels;
  let n = plane / params.channels; // g N + n
  let g = n / params.images;
  if (row < 0 || row >= i32(params.height) || column < 0 || column >= i32(params.width)) {
    dx[at] = 0.0;
    return;
  }
  let dy_plane = (params.y_height + 2u * params.dy_border) * params.dy_row_stride;
  let taps = params.taps * params.taps;
  let first = (g * params.channels + c) * taps;
  // The channels of dy that are summed over.
  let begin = select(0u, c, DEPTHWISE != 0u);
  let end = select(params.out_channels, c + 1u, DEPTHWISE != 0u);
  var sum = 0.0;
  for (var o = begin; o < end; o++) {
    let dy_first = (n * params.out_channels + o) * dy_plane;
    for (var tap = 0u; tap < taps; tap++) {
      let i = window(row + params.top - i32(tap / params.taps), params.y_height);
      let j = window(column + params.left - i32(tap % params.taps), params.y_width);
      if (i < 0 || j < 0) {
        continue;
      }
      let dy_at = dy_first + (u32(i) + params.dy_border) * params.dy_row_stride + u32(j) + params.dy_border;
      let w = first + tap;
      sum += dy[dy_at] * weight[select(w * params.out_channels + o, w, DEPTHWISE != 0u)];
    }
  }
  dx[at] = sum;
}
