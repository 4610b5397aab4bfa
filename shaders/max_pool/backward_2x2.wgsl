// dx = dy at the element that won its 2x2 window, else 0: what `backward.wgsl` defines, for windows that
// do not overlap. Each writes its own four elements, so that nothing is looked up twice.
//
// Layout: dy [P, H / 2, W / 2] and dx [P, H, W], P = all leading axes together, each with its own border
// and row stride, dx's border even; indices [P, H / 2, W / 2] dense, from the forward kernel.
// Threads: one per 2 rows and 8 columns of dx's planes, border included. As the border is even, a
// block of 2x2 is a window, or outside, or at an odd edge that no window covers.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  planes: u32, // P
  height: u32, // H
  width: u32,
  dx_border: u32,
  dx_row_stride: u32,
  dy_height: u32, // H / 2
  dy_width: u32,
  dy_border: u32,
  dy_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let strips = (params.dx_row_stride + 7u) / 8u; // of a row
  let rows = params.height + 2u * params.dx_border; // of a plane
  let pairs = (rows + 1u) / 2u; // of rows
  let line = i / strips; // counts the pairs of rows of all planes
  let strip = i - line * strips;
  let plane = line / pairs;
  if (plane >= params.planes) {
    return;
  }
  let pair = line - plane * pairs;
  // Inside the border these wrap around to numbers past the end.
  let row = pair - params.dx_border / 2u; // of windows
  let begin = strip * 4u - params.dx_border / 2u;
  let above = (plane * rows + 2u * pair) * params.dx_row_stride + strip * 8u;
  let below = above + params.dx_row_stride;
  let second = 2u * pair + 1u < rows; // a plane may end after an odd number of rows
  let dy_rows = params.dy_height + 2u * params.dy_border;
  let dy_row = (plane * dy_rows + row + params.dy_border) * params.dy_row_stride + params.dy_border;
  let window = (plane * params.dy_height + row) * params.dy_width;
  let left_columns = params.dx_row_stride - strip * 8u; // to the end of the row

  for (var k = 0u; k < min(4u, (left_columns + 1u) / 2u); k += 1u) {
    let column = begin + k;
    var gradient = 0.0;
    var winner = 0u; // in the block: 0 1 above, then W and W + 1
    if (row < params.dy_height && column < params.dy_width) {
      gradient = dy[dy_row + column];
      winner = indices[window + column] - 2u * (row * params.width + column);
    }
    dx[above + 2u * k] = select(0.0, gradient, winner == 0u);
    if (second) {
      dx[below + 2u * k] = select(0.0, gradient, winner == params.width);
    }
    if (2u * k + 1u < left_columns) {
      dx[above + 2u * k + 1u] = select(0.0, gradient, winner == 1u);
      if (second) {
        dx[below + 2u * k + 1u] = select(0.0, gradient, winner == params.width + 1u);
      }
    }
  }
}
