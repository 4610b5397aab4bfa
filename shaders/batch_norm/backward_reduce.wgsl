// dbeta = sum(dy),   dgamma = sum(dy * (x - mean) * rstd)   over samples and places
//
// Layout: x [G, N, C, H, W] dense; dy the same shape, with a border of `dy_border` and rows of
// `dy_row_stride`; mean, rstd, dgamma, dbeta [G, C].
// Threads: one workgroup per channel. Each thread adds up every WORKGROUP_SIZE-th element; a tree
// in workgroup memory adds up the threads, so the order is the same in every run.

override WORKGROUP_SIZE: u32 = 128;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32,
  width: u32,
  dy_border: u32,
  dy_row_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> dbeta: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums_beta: array<f32, WORKGROUP_SIZE>; // of dy
var<workgroup> sums_gamma: array<f32, WORKGROUP_SIZE>; // of dy * (x - mean)

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.x; // of G * C
  let g = channel / params.channels;
  let c = channel % params.channels;
  let center = mean[channel];
  let plane = params.height * params.width;
  let dy_plane = (params.height + 2u * params.dy_border) * params.dy_row_stride;
  let total = params.batch * plane;

  // (n, row, column) of element i; stepping them saves the divisions.
  let step_n = WORKGROUP_SIZE / plane;
  let step_row = WORKGROUP_SIZE % plane / params.width;
  let step_column = WORKGROUP_SIZE % params.width;
  var n = thread / plane;
  var row = thread % plane / params.width;
  var column = thread % params.width;

  var sum_beta = 0.0;
  var sum_gamma = 0.0;
  for (var i = thread; i < total; i += WORKGROUP_SIZE) {
    let sample = (g * params.batch + n) * params.channels + c;
    let dy_row = sample * dy_plane + (row + params.dy_border) * params.dy_row_stride;
    let gradient = dy[dy_row + column + params.dy_border];
    sum_beta += gradient;
    sum_gamma += gradient * (x[sample * plane + row * params.width + column] - center);

    n += step_n;
    row += step_row;
    column += step_column;
    if (column >= params.width) {
      column -= params.width;
      row += 1u;
    }
    if (row >= params.height) {
      row -= params.height;
      n += 1u;
    }
  }
  sums_beta[thread] = sum_beta;
  sums_gamma[thread] = sum_gamma;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half = half / 2u) {
    if (thread < half) {
      sums_beta[thread] += sums_beta[thread + half];
      sums_gamma[thread] += sums_gamma[thread + half];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    dbeta[channel] = sums_beta[0];
    dgamma[channel] = sums_gamma[0] * rstd[channel];
  }
}
