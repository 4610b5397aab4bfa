// Batch norm by the running statistics, ReLU and 2x2 max-pool in one pass over x:
//
//   z = gamma * (x - running_mean) / sqrt(running_var + eps) + beta,   y = max over the window of max(0, z)
//
// Layout: as in forward.wgsl; nothing is kept for a gradient. The window's extreme value is found on x, by
// the sign of gamma, and only that one is normalized.
// Threads: group.y is the channel (of G * C). A thread writes ROUNDS elements of the channel's y planes,
// border included, WORKGROUP_SIZE apart.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 8;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32, // of x
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

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

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
      let a = x[top];
      let b = x[top + 1u];
      let d = x[bottom];
      let e = x[bottom + 1u];
      let best = select(min(min(a, b), min(d, e)), max(max(a, b), max(d, e)), slope > 0.0);
      // The largest magnitude in the order of its bits, in which a NaN, which a maximum may drop, is above infinity.
      let bits = bitcast<vec4<u32>>(vec4<f32>(a, b, d, e)) & vec4<u32>(0x7fffffffu);
      let largest = bitcast<f32>(max(max(bits.x, bits.y), max(bits.z, bits.w)));
      let z = select(slope * ((best - center) * scale) + offset, largest, is_nan(largest));
      y[out] = select(max(0.0, z), z, is_nan(z));
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
