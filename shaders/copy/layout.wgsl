// y = x in another physical layout: with a border of zeros around every plane, without, or with longer rows.
//
// Layout: x and y are planes of H x W, element (r, c) of a plane at (r + border) * row_stride + c + border.
// Threads: one per element that y occupies, its border and the ends of its rows included.
// Elements are copied as bits, whatever their type.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements that y occupies
  height: u32,
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_border: u32,
  y_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
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
  let y_plane = (params.height + 2u * params.y_border) * params.y_row_stride;
  let x_plane = (params.height + 2u * params.x_border) * params.x_row_stride;
  let plane = at / y_plane;
  // Outside of the plane these wrap around and are larger than any row or column.
  let row = at % y_plane / params.y_row_stride - params.y_border;
  let column = at % params.y_row_stride - params.y_border;
  if (row >= params.height || column >= params.width) {
    y[at] = 0u;
    return;
  }
  y[at] = x[plane * x_plane + (row + params.x_border) * params.x_row_stride + column + params.x_border];
}
