// y = maximum over each 2x2 window of x, and where it was: what `forward.wgsl` defines, for the windows
// that nearly every network has, without loops and with few divisions.
//
// The first maximum wins, in reading order; indices = row * W + column of the winner in the unbordered
// plane. A NaN wins over every number, the last one over the others. A last odd row or column of x belongs to no window.
//
// Layout: x [P, H, W] and y [P, H / 2, W / 2], P = all leading axes together, each with its own border and
// row stride; indices as y, but dense.
// Threads: one per 4 elements in a row of y's planes, border included: finding a place costs three integer
// divisions, as much as the comparisons of several windows.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  planes: u32, // P
  height: u32, // H
  width: u32,
  x_border: u32,
  x_row_stride: u32,
  y_height: u32, // H / 2
  y_width: u32,
  y_border: u32,
  y_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let strips = (params.y_row_stride + 3u) / 4u; // of a row
  let rows = params.y_height + 2u * params.y_border; // of a plane
  let line = i / strips; // counts the rows of all planes
  let strip = i - line * strips;
  let plane = line / rows;
  if (plane >= params.planes) {
    return;
  }
  // Inside the border these wrap around to numbers past the end.
  let row = line - plane * rows - params.y_border;
  let begin = strip * 4u - params.y_border;
  let out = line * params.y_row_stride + strip * 4u;
  let x_rows = params.height + 2u * params.x_border;
  let top = (plane * x_rows + 2u * row + params.x_border) * params.x_row_stride + params.x_border;
  let bottom = top + params.x_row_stride;
  let place = 2u * row * params.width; // in the unbordered plane
  let window = (plane * params.y_height + row) * params.y_width;

  for (var k = 0u; k < min(4u, params.y_row_stride - strip * 4u); k += 1u) {
    let column = begin + k;
    if (row >= params.y_height || column >= params.y_width) {
      y[out + k] = 0.0;
      continue;
    }
    let left = 2u * column;
    let a = x[top + left];
    let b = x[top + left + 1u];
    let c = x[bottom + left];
    let d = x[bottom + left + 1u];
    var best = max(max(a, b), max(c, d));
    // From the last to the first, so that the first stands.
    var winner = select(params.width + 1u, params.width, c == best);
    winner = select(winner, 1u, b == best);
    winner = select(winner, 0u, a == best);
    if (is_nan(a + b + c + d)) { // perhaps, as infinity - infinity is one too
      let values = array<f32, 4>(a, b, c, d);
      for (var i = 0u; i < 4u; i += 1u) {
        if (is_nan(values[i])) {
          best = values[i];
          winner = i / 2u * params.width + i % 2u;
        }
      }
    }
    y[out + k] = best;
    indices[window + column] = place + left + winner;
  }
}
