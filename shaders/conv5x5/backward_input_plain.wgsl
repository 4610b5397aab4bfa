// dx[g,n,c,i,j] = sum over o, ky, kx of dy[g,n,o, i+2-ky, j+2-kx] * weight[g,c,ky,kx,o]
//
// The gradient of the 5x5 convolution by its input: y[i'] took x[i] through the tap ky = i - i' + 2,
// so x[i] gets back what every such y[i'] has, i' = i + 2 - ky. That is the forward kernel with the
// filter rotated by 180 degrees and the channels' roles exchanged.
//
// Layout: dy [G,N,O,H,W] and dx [G,N,C,H,W] with any border and row stride; weight [G,C,5,5,O] dense.
// Threads: one for each element that dx occupies, its border included (that gets zeros); each gathers
// its own sum, so nothing is added atomically.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  dy_border: u32,
  dy_row_stride: u32,
  dx_border: u32,
  dx_row_stride: u32,
  length: u32, // elements that dx occupies
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
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
  // at = (((g N + n) C + c) rows + row) row_stride + column, taken apart from the right.
  let rows = params.height + 2u * params.dx_border;
  let column = i32(at % params.dx_row_stride) - i32(params.dx_border);
  let row = i32((at / params.dx_row_stride) % rows) - i32(params.dx_border);
  let plane = at / (params.dx_row_stride * rows);
  let c = plane % params.channels;
  let n = plane / params.channels; // g N + n
  let g = n / params.images;

  let height = i32(params.height);
  let width = i32(params.width);
  if (row < 0 || row >= height || column < 0 || column >= width) {
    dx[at] = 0.0;
    return;
  }
  let dy_plane = (params.height + 2u * params.dy_border) * params.dy_row_stride;
  let taps = (g * params.channels + c) * 25u;
  var sum = 0.0;
  for (var o = 0u; o < params.out_channels; o++) {
    let dy_first = (n * params.out_channels + o) * dy_plane;
    for (var ky = 0; ky < 5; ky++) {
      let i = row + 2 - ky;
      if (i < 0 || i >= height) {
        continue;
      }
      for (var kx = 0; kx < 5; kx++) {
        let j = column + 2 - kx;
        if (j < 0 || j >= width) {
          continue;
        }
        let dy_at =
          dy_first + (u32(i) + params.dy_border) * params.dy_row_stride + u32(j) + params.dy_border;
        sum += dy[dy_at] * weight[(taps + u32(ky * 5 + kx)) * params.out_channels + o];
      }
    }
  }
  dx[at] = sum;
}
