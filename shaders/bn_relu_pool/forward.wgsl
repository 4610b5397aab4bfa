// Batch norm, ReLU and 2x2 max-pool in one pass over x:
//
//   z = gamma * (x - mean) * rstd + beta,   y = max over the window of max(0, z)
//
// z rises with x where gamma > 0 and falls where gamma < 0, so the window's winner is found on x
// itself, before anything is rounded: the first maximum of sign(gamma) * x. Only it is normalized.
// For the gradient the kernel keeps `winner`: the winner's (x - mean) * rstd, or NONE where ReLU is
// shut. That is all that dgamma and dbeta need, so the backward sums never touch x.
//
// Layout: x [G, N, C, H, W] dense; y [G, N, C, H / 2, W / 2] with a border of `y_border` zeros and
// rows of `y_row_stride`; winner as y, but dense; mean, rstd, gamma, beta [G, C].
// Threads: group.y is the channel (of G * C). A thread writes ROUNDS elements of the channel's
// y planes, border included, WORKGROUP_SIZE apart: the four channel constants are loaded once.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 8;
const NONE: f32 = -3.4e38;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32, // of x
  width: u32,
  y_border: u32,
  y_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> winner: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.y;
  let g = channel / params.channels;
  let c = channel % params.channels;
  let center = mean[channel];
  let scale = rstd[channel];
  let slope = gamma[channel];
  let offset = beta[channel];
  let direction = sign(slope); // 0: all are equal, and the first wins

  let height = params.height / 2u;
  let width = params.width / 2u;
  let y_rows = height + 2u * params.y_border;
  let y_plane = y_rows * params.y_row_stride;
  let total = params.batch * y_plane;

  // (n, row, column) of element i; stepping them saves three divisions for each.
  let step_n = WORKGROUP_SIZE / y_plane;
  let step_row = WORKGROUP_SIZE % y_plane / params.y_row_stride;
  let step_column = WORKGROUP_SIZE % params.y_row_stride;
  let begin = group.x * ROUNDS * WORKGROUP_SIZE + thread;
  let end = min(total, begin + ROUNDS * WORKGROUP_SIZE);
  var n = begin / y_plane;
  var row = begin % y_plane / params.y_row_stride;
  var column = begin % params.y_row_stride;

  for (var i = begin; i < end; i += WORKGROUP_SIZE) {
    let plane = (g * params.batch + n) * params.channels + c;
    let out = plane * y_plane + row * params.y_row_stride + column;
    // Inside the border these wrap around to numbers past the end.
    let inner_row = row - params.y_border;
    let inner_column = column - params.y_border;
    if (inner_row < height && inner_column < width) {
      let top = (plane * params.height + 2u * inner_row) * params.width + 2u * inner_column;
      let bottom = top + params.width;
      var best = x[top];
      let top_right = x[top + 1u];
      let bottom_left = x[bottom];
      let bottom_right = x[bottom + 1u];
      best = select(best, top_right, direction * top_right > direction * best);
      best = select(best, bottom_left, direction * bottom_left > direction * best);
      best = select(best, bottom_right, direction * bottom_right > direction * best);

      let normalized = (best - center) * scale;
      let z = slope * normalized + offset;
      y[out] = max(0.0, z);
      winner[(plane * height + inner_row) * width + inner_column] = select(NONE, normalized, z > 0.0);
    } else {
      y[out] = 0.0;
    }

    n += step_n;
    row += step_row;
    column += step_column;
    if (column >= params.y_row_stride) {
      column -= params.y_row_stride;
      row += 1u;
    }
    if (row >= y_rows) {
      row -= y_rows;
      n += 1u;
    }
  }
}
