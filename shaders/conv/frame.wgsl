// y[p,i,j] = x[p, r / E, s / E] with r = S i - top, s = S j - left, where E divides both and x has that pixel;
// else 0
//
// Images as the tiled convolutions read them: they begin where the first window does, with zeros around them, in rows of whole
// vec4s. With S it takes every S-th row and column, with E it puts E - 1 zeros between them: what a
// 1x1 window at a stride sees, and its gradient.
//
// Layout: x and y [planes,H,W] with any border and row stride.
// Threads: one for 4 neighbours of a row of y, its border included.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  height: u32, // of x
  width: u32,
  x_border: u32,
  x_row: u32, // elements from row to row
  x_plane: u32,
  y_row: u32,
  y_rows: u32, // with the border
  quads: u32, // of neighbours in a row of y
  threads: u32,
  stride: u32, // S
  expand: u32, // E
  top: i32,
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The row or column of x that a place in y shows, or -1.
fn source(place: u32, before: i32, extent: u32) -> i32 {
  let at = i32(place * params.stride) - before;
  let expand = i32(params.expand);
  if (at < 0 || at % expand != 0 || at / expand >= i32(extent)) {
    return -1;
  }
  return at / expand;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let index = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (index >= params.threads) {
    return;
  }
  let begin = index % params.quads * 4u;
  let line = index / params.quads;
  let plane = line / params.y_rows;
  let i = source(line % params.y_rows, params.top, params.height);
  let from_x = plane * params.x_plane + (u32(max(i, 0)) + params.x_border) * params.x_row + params.x_border;
  let end = min(begin + 4u, params.y_row);
  for (var column = begin; column < end; column++) {
    let j = source(column, params.left, params.width);
    var value = 0.0;
    if (i >= 0 && j >= 0) {
      value = x[from_x + u32(j)];
    }
    y[line * params.y_row + column] = value;
  }
}
