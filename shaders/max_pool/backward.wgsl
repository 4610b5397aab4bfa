// dx = sum of dy over the windows that this element won.
//
// Layout: dy [P, H', W'] and dx [P, H, W], P = all leading axes together, each with its own border
// and row stride; indices [P, H', W'] dense, from forward.wgsl.
// Threads: one per element of dx's planes, border included. Each gathers from the windows that cover it,
// in reading order: windows may overlap, and a scatter would need float atomics and give other
// bits each run.

override WORKGROUP_SIZE: u32 = 64;
override WINDOW: u32 = 2;
override STRIDE: u32 = 2;
override PADDING: u32 = 0;

struct Params {
  planes: u32, // P
  height: u32, // H
  width: u32,
  dx_border: u32,
  dx_row_stride: u32,
  dy_height: u32, // H'
  dy_width: u32,
  dy_border: u32,
  dy_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The first window that reaches `place`, counted from the padded edge: it begins after place - WINDOW.
fn first_window(place: u32) -> u32 {
  return (max(place + 1u, WINDOW) - WINDOW + STRIDE - 1u) / STRIDE;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let dx_plane = (params.height + 2u * params.dx_border) * params.dx_row_stride;
  if (i >= params.planes * dx_plane) {
    return;
  }
  let plane = i / dx_plane;
  // Inside the border these wrap around to numbers past the end.
  let row = i % dx_plane / params.dx_row_stride - params.dx_border;
  let column = i % params.dx_row_stride - params.dx_border;
  if (row >= params.height || column >= params.width) {
    dx[i] = 0.0;
    return;
  }
  let me = row * params.width + column;
  let dy_plane = (params.dy_height + 2u * params.dy_border) * params.dy_row_stride;
  let origin = plane * dy_plane + params.dy_border * params.dy_row_stride + params.dy_border;
  let last_row = min((row + PADDING) / STRIDE + 1u, params.dy_height);
  let last_column = min((column + PADDING) / STRIDE + 1u, params.dy_width);

  var sum = 0.0;
  for (var wy = first_window(row + PADDING); wy < last_row; wy += 1u) {
    for (var wx = first_window(column + PADDING); wx < last_column; wx += 1u) {
      if (indices[(plane * params.dy_height + wy) * params.dy_width + wx] == me) {
        sum += dy[origin + wy * params.dy_row_stride + wx];
      }
    }
  }
  dx[i] = sum;
}
