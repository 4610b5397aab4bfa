// Batch norm by the running statistics, ReLU and 2x2 max-pool in one pass over x:
//
//   z = gamma * (x - running_mean) / sqrt(running_var + eps) + beta,   y = max over the window of max(0, z)
//
// Layout and threads: as in forward.wgsl; nothing is kept for a gradient. The window's extreme value
// is found on x, by the sign of gamma, and only that one is normalized.

override WORKGROUP_SIZE: u32 = 64;
override ROUNDS: u32 = 4;

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
  let y_plane = (height + 2u * params.y_border) * params.y_row_stride;
  let total = params.batch * y_plane;

  for (var round = 0u; round < ROUNDS; round += 1u) {
    let i = (group.x * ROUNDS + round) * WORKGROUP_SIZE + thread;
    if (i >= total) {
      return;
    }
    let n = i / y_plane;
    let at = i % y_plane;
    let plane = (g * params.batch + n) * params.channels + c;
    // Inside the border these wrap around to numbers past the end.
    let row = at / params.y_row_stride - params.y_border;
    let column = at % params.y_row_stride - params.y_border;
    if (row >= height || column >= width) {
      y[plane * y_plane + at] = 0.0;
      continue;
    }
    let top = (plane * params.height + 2u * row) * params.width + 2u * column;
    let bottom = top + params.width;
    let a = x[top];
    let b = x[top + 1u];
    let d = x[bottom];
    let e = x[bottom + 1u];
    let best = select(min(min(a, b), min(d, e)), max(max(a, b), max(d, e)), slope > 0.0);
    y[plane * y_plane + at] = max(0.0, slope * ((best - center) * scale) + offset);
  }
}
