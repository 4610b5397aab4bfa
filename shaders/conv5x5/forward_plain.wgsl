// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// A 5x5 convolution, stride 1, with two rows and columns of zeros around x ("same" size), no bias,
// for G independent networks at once. As in all of deep learning this is a correlation: the filter
// is not rotated.
//
// Layout: x [G,N,C,H,W] and y [G,N,O,H,W] with any border and row stride; weight [G,C,5,5,O] dense.
// Threads: one for each element that y occupies, its border included (that gets zeros). Taps that
// fall outside the image are left out by a test, so x needs no border. Slow and easy to follow: the
// definition on the GPU that the tiled kernels are compared with.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_border: u32,
  y_row_stride: u32,
  length: u32, // elements that y occupies
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
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
  let rows = params.height + 2u * params.y_border;
  let column = i32(at % params.y_row_stride) - i32(params.y_border);
  let row = i32((at / params.y_row_stride) % rows) - i32(params.y_border);
  let plane = at / (params.y_row_stride * rows);
  let o = plane % params.out_channels;
  let n = plane / params.out_channels; // g N + n
  let g = n / params.images;

  let height = i32(params.height);
  let width = i32(params.width);
  if (row < 0 || row >= height || column < 0 || column >= width) {
    y[at] = 0.0;
    return;
  }
  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  var sum = 0.0;
  for (var c = 0u; c < params.channels; c++) {
    let x_first = (n * params.channels + c) * x_plane;
    let taps = (g * params.channels + c) * 25u;
    for (var ky = 0; ky < 5; ky++) {
      let i = row + ky - 2;
      if (i < 0 || i >= height) {
        continue;
      }
      for (var kx = 0; kx < 5; kx++) {
        let j = column + kx - 2;
        if (j < 0 || j >= width) {
          continue;
        }
        let x_at =
          x_first + (u32(i) + params.x_border) * params.x_row_stride + u32(j) + params.x_border;
        sum += x[x_at] * weight[(taps + u32(ky * 5 + kx)) * params.out_channels + o];
      }
    }
  }
  y[at] = sum;
}
