// y = maximum over each WINDOW x WINDOW window of x, and where it was.
//
// Windows begin every STRIDE rows and columns, PADDING before the plane's edge; what lies outside
// of the plane takes no part (PyTorch's -infinity). The first maximum wins, in reading order,
// and a NaN over every number, the last one over the others (PyTorch's rule).
// indices = row * W + column of the winner in the unbordered plane, as PyTorch gives them.
//
// Layout: x [P, H, W] and y [P, H', W'], P = all leading axes together, each with its own border and
// row stride; indices as y, but dense. H' = (H + 2 PADDING - WINDOW) / STRIDE + 1, W' likewise.
// Threads: one per element of y's planes, border included.

override WORKGROUP_SIZE: u32 = 64;
override WINDOW: u32 = 2;
override STRIDE: u32 = 2;
override PADDING: u32 = 0; // at most WINDOW / 2, so that no window is all padding

const INFINITY: u32 = 0x7f800000u; // its bits

struct Params {
  planes: u32, // P
  height: u32, // H
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_height: u32, // H'
  y_width: u32,
  y_border: u32,
  y_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let y_plane = (params.y_height + 2u * params.y_border) * params.y_row_stride;
  if (i >= params.planes * y_plane) {
    return;
  }
  let plane = i / y_plane;
  // Inside the border these wrap around to numbers past the end.
  let row = i % y_plane / params.y_row_stride - params.y_border;
  let column = i % params.y_row_stride - params.y_border;
  if (row >= params.y_height || column >= params.y_width) {
    y[i] = 0.0;
    return;
  }
  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  let origin = plane * x_plane + params.x_border * params.x_row_stride + params.x_border;
  // The window's part inside the plane.
  let top = max(row * STRIDE, PADDING) - PADDING;
  let left = max(column * STRIDE, PADDING) - PADDING;
  let bottom = min(row * STRIDE + WINDOW - PADDING, params.height);
  let right = min(column * STRIDE + WINDOW - PADDING, params.width);

  var best = x[origin + top * params.x_row_stride + left];
  var winner = top * params.width + left;
  var bits = 0u; // of the largest magnitude: a NaN, which a comparison may drop, is above infinity
  for (var iy = top; iy < bottom; iy += 1u) {
    for (var ix = left; ix < right; ix += 1u) {
      let value = x[origin + iy * params.x_row_stride + ix];
      bits = max(bits, bitcast<u32>(abs(value)));
      if (value > best) {
        best = value;
        winner = iy * params.width + ix;
      }
    }
  }
  if (bits > INFINITY) {
    for (var iy = top; iy < bottom; iy += 1u) {
      for (var ix = left; ix < right; ix += 1u) {
        let value = x[origin + iy * params.x_row_stride + ix];
        if (bitcast<u32>(abs(value)) > INFINITY) {
          best = value;
          winner = iy * params.width + ix;
        }
      }
    }
  }
  y[i] = best;
  indices[(plane * params.y_height + row) * params.y_width + column] = winner;
}
