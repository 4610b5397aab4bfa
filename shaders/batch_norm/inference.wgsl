// y = gamma * (x - running_mean) / sqrt(running_var + eps) + beta, channel by channel.
//
// Layout and threads: as in forward.wgsl.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 8;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32,
  width: u32,
  y_border: u32,
  y_row_stride: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> running_mean: array<f32>;
@group(0) @binding(2) var<storage, read> running_var: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.y;
  let g = channel / params.channels;
  let c = channel % params.channels;
  let center = running_mean[channel];
  let scale = 1.0 / sqrt(running_var[channel] + params.eps);
  let slope = gamma[channel];
  let offset = beta[channel];
  let y_rows = params.height + 2u * params.y_border;
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
    // Inside the border these wrap around to numbers past the end.
    let inner_row = row - params.y_border;
    let inner_column = column - params.y_border;
    var result = 0.0;
    if (inner_row < params.height && inner_column < params.width) {
      let value = x[(plane * params.height + inner_row) * params.width + inner_column];
      result = slope * ((value - center) * scale) + offset;
    }
    y[plane * y_plane + row * params.y_row_stride + column] = result;

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
