// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, i+ky-2, j+kx-2] * dy[g,n,o,i,j]
//
// The gradient of the 5x5 convolution by its weights: each tap meets every pixel of every image once,
// so its gradient is the product of x, shifted by the tap, with dy, summed over all of them.
//
// Layout: x [G,N,C,H,W] and dy [G,N,O,H,W] with any border and row stride; dweight [G,C,5,5,O] dense.
// Threads: one for each element of dweight, which walks all N H W pixels. Easy to follow and slow:
// few threads, long sums. The tiled kernel splits the sum.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  dy_border: u32,
  dy_row_stride: u32,
  length: u32, // elements of dweight
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
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
  // at = (((g C + c) 5 + ky) 5 + kx) O + o, taken apart from the right.
  let o = at % params.out_channels;
  let tap = at / params.out_channels;
  let kx = tap % 5u;
  let ky = (tap / 5u) % 5u;
  let c = (tap / 25u) % params.channels;
  let g = tap / (25u * params.channels);

  // Output pixels whose tap lies inside the image: 0 <= i + ky - 2 < H, and the same for j.
  let first_row = max(ky, 2u) - ky; // 2 - ky, or 0
  let first_column = max(kx, 2u) - kx;
  // At most 0 where a map smaller than the tap's reach leaves none: unsigned, so clamped first.
  let end_row = max(params.height + 2u, max(ky, 2u)) - max(ky, 2u);
  let end_column = max(params.width + 2u, max(kx, 2u)) - max(kx, 2u);
  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  let dy_plane = (params.height + 2u * params.dy_border) * params.dy_row_stride;
  // One number for each image and one over them: a sum of sums loses less to rounding.
  var sum = 0.0;
  for (var n = g * params.images; n < (g + 1u) * params.images; n++) {
    let x_first = (n * params.channels + c) * x_plane;
    let dy_first = (n * params.out_channels + o) * dy_plane;
    var of_image = 0.0;
    for (var i = first_row; i < end_row; i++) {
      let x_row = x_first + (i + ky - 2u + params.x_border) * params.x_row_stride + params.x_border;
      let dy_row = dy_first + (i + params.dy_border) * params.dy_row_stride + params.dy_border;
      for (var j = first_column; j < end_column; j++) {
        of_image += x[x_row + j + kx - 2u] * dy[dy_row + j];
      }
    }
    sum += of_image;
  }
  dweight[at] = sum;
}
