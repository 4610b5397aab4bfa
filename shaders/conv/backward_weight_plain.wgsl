// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, S i + ky - top, S j + kx - left] * dy[g,n,o,i,j]
//
// The gradient of a convolution by its weights: each tap meets every pixel of every image once, so its gradient
// is the product of x, shifted by the tap, with dy, summed over all of them. Depthwise (dweight [G,C,K,K,1]) o is c.
//
// Layout: x [G,N,C,H,W] and dy [G,N,O,OH,OW] with any border and row stride; dweight [G,C,K,K,O] dense.
// Threads: one for each element of dweight, which walks all N OH OW pixels. Easy to follow and slow:
// few threads, long sums. The tiled kernel splits the sum.

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
  height: u32, // of x
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_height: u32, // of dy
  y_width: u32,
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
  // at = (((g C + c) K + ky) K + kx) O + o, taken apart from the right; depthwise O is 1.
  let inner = select(params.out_channels, 1u, DEPTHWISE != 0u);
  let tap = at / inner;
  let kx = tap % params.taps;
  let ky = tap / params.taps % params.taps;
  let c = tap / (params.taps * params.taps) % params.channels;
  let g = tap / (params.taps * params.taps * params.channels);
  let o = select(at % inner, c, DEPTHWISE != 0u);

  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  let dy_plane = (params.y_height + 2u * params.dy_border) * params.dy_row_stride;
  // One number for each image and one over them: a sum of sums loses less to rounding.
  var sum = 0.0;
  for (var n = g * params.images; n < (g + 1u) * params.images; n++) {
    let x_first = (n * params.channels + c) * x_plane;
    let dy_first = (n * params.out_channels + o) * dy_plane;
    var of_image = 0.0;
    for (var row = 0u; row < params.y_height; row++) {
      let i = i32(row * params.stride + ky) - params.top;
      if (i < 0 || i >= i32(params.height)) {
        continue;
      }
      let x_row = x_first + (u32(i) + params.x_border) * params.x_row_stride + params.x_border;
      let dy_row = dy_first + (row + params.dy_border) * params.dy_row_stride + params.dy_border;
      for (var column = 0u; column < params.y_width; column++) {
        let j = i32(column * params.stride + kx) - params.left;
        if (j >= 0 && j < i32(params.width)) {
          of_image += x[x_row + u32(j)] * dy[dy_row + column];
        }
      }
    }
    sum += of_image;
  }
  dweight[at] = sum;
}
