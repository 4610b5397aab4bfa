// dx = gamma * rstd * (dy - dbeta / M - xhat * dgamma / M),   xhat = (x - mean) * rstd,   M = N * H * W
//
// dbeta and dgamma come from backward_reduce.wgsl: divided by M they are the means of dy and of
// dy * xhat, which are what batch norm takes out of the gradient, as it took them out of x.
//
// Layout: x [G, N, C, H, W] dense; dy and dx the same shape, each with its own border and row
// stride; mean, rstd, gamma, dgamma, dbeta [G, C].
// Threads: group.y is the channel (of G * C). A thread writes ROUNDS elements of the channel's
// dx planes, border included, WORKGROUP_SIZE apart: the channel's constants are loaded once.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 8;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32,
  width: u32,
  dy_border: u32,
  dy_row_stride: u32,
  dx_border: u32,
  dx_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> dgamma: array<f32>;
@group(0) @binding(6) var<storage, read> dbeta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.y;
  let g = channel / params.channels;
  let c = channel % params.channels;
  let count = f32(params.batch * params.height * params.width);
  let center = mean[channel];
  let scale = gamma[channel] * rstd[channel];
  let mean_dy = dbeta[channel] / count;
  // rstd * dgamma / M: what x - mean is multiplied by.
  let slope = rstd[channel] * (dgamma[channel] / count);
  let dy_plane = (params.height + 2u * params.dy_border) * params.dy_row_stride;
  let dx_rows = params.height + 2u * params.dx_border;
  let dx_plane = dx_rows * params.dx_row_stride;
  let total = params.batch * dx_plane;

  // (n, row, column) of element i; stepping them saves three divisions for each.
  let step_n = WORKGROUP_SIZE / dx_plane;
  let step_row = WORKGROUP_SIZE % dx_plane / params.dx_row_stride;
  let step_column = WORKGROUP_SIZE % params.dx_row_stride;
  let begin = group.x * ROUNDS * WORKGROUP_SIZE + thread;
  let end = min(total, begin + ROUNDS * WORKGROUP_SIZE);
  var n = begin / dx_plane;
  var row = begin % dx_plane / params.dx_row_stride;
  var column = begin % params.dx_row_stride;

  for (var i = begin; i < end; i += WORKGROUP_SIZE) {
    let plane = (g * params.batch + n) * params.channels + c;
    // Inside the border these wrap around to numbers past the end.
    let inner_row = row - params.dx_border;
    let inner_column = column - params.dx_border;
    var result = 0.0;
    if (inner_row < params.height && inner_column < params.width) {
      let value = x[(plane * params.height + inner_row) * params.width + inner_column];
      let dy_row = plane * dy_plane + (inner_row + params.dy_border) * params.dy_row_stride;
      let gradient = dy[dy_row + inner_column + params.dy_border];
      result = scale * (gradient - mean_dy - (value - center) * slope);
    }
    dx[plane * dx_plane + row * params.dx_row_stride + column] = result;

    n += step_n;
    row += step_row;
    column += step_column;
    if (column >= params.dx_row_stride) {
      column -= params.dx_row_stride;
      row += 1u;
    }
    if (row >= dx_rows) {
      row -= dx_rows;
      n += 1u;
    }
  }
}
