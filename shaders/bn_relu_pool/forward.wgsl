// Batch norm by the batch's own statistics, ReLU and 2x2 max-pool in one dispatch:
//
//   mean = sum(x) / M,  rstd = 1 / sqrt(sum((x - mean)^2) / M + eps),   M = N * H * W
//   z = gamma * (x - mean) * rstd + beta,   y = max over the window of max(0, z)
//
// and the running statistics, as shaders/batch_norm/statistics.wgsl has them. Nothing leaves a channel,
// so a workgroup takes one: it goes over x twice, the second time from the cache.
//
// z rises with x where gamma > 0 and falls where gamma < 0, so the window's winner is found on x
// itself, before anything is rounded: the first maximum of sign(gamma) * x. Only it is normalized.
// For the gradient the kernel keeps `winner`: the winner's (x - mean) * rstd, or NONE where ReLU is
// shut. That is all that dgamma and dbeta need, so the backward sums never touch x.
//
// Layout: x [G, N, C, H, W] dense; y [G, N, C, H / 2, W / 2] with a border of `y_border` zeros and
// rows of `y_row_stride`; winner as y, but dense; moments [G, C, 2]: mean and rstd; gamma, beta,
// running_mean, running_var [G, C].
// Threads: one workgroup per channel. Each thread sums every WORKGROUP_SIZE-th quad of x, then writes every
// WORKGROUP_SIZE-th element of y, border included. A quad is 4 elements of a plane; the sums are of
// x - shift, where shift is the first value that a thread meets, so that a large mean costs no precision.

override WORKGROUP_SIZE: u32 = 128;
const NONE: f32 = -3.4e38;

struct Params {
  batch: u32, // N
  channels: u32, // C
  height: u32, // of x
  width: u32,
  y_border: u32,
  y_row_stride: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> winner: array<f32>;
@group(0) @binding(5) var<storage, read_write> moments: array<f32>;
@group(0) @binding(6) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(7) var<storage, read_write> running_var: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<f32, WORKGROUP_SIZE>;
var<workgroup> means: array<f32, WORKGROUP_SIZE>;
var<workgroup> deviations: array<f32, WORKGROUP_SIZE>; // sum((x - mean)^2)

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// a (1 - share) + b share, from the nearer end: a share of 1 gives b, however large a is.
fn between(a: f32, b: f32, share: f32) -> f32 {
  if (share < 0.5) {
    return a + share * (b - a);
  }
  return b - (1.0 - share) * (b - a);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let channel = group.x; // of G * C
  let g = channel / params.channels;
  let c = channel % params.channels;
  let area = params.height * params.width;
  let sample = params.channels * area; // elements from one sample to the next
  let first = g * params.batch * sample + c * area;

  // Place of quad i: sample n, quad of its plane. Stepping them saves two divisions for each.
  let quads = (area + 3u) / 4u; // of a plane; the last may be cut off
  let step_sample = WORKGROUP_SIZE / quads;
  let step_quad = WORKGROUP_SIZE % quads;
  var sample_n = thread / quads;
  var quad = thread % quads;

  var count = 0.0;
  var shift = 0.0;
  if (thread < params.batch * quads) {
    shift = x[first + sample_n * sample + 4u * quad];
  }
  var sums = vec4<f32>();
  var squares = vec4<f32>();
  for (var i = thread; i < params.batch * quads; i += WORKGROUP_SIZE) {
    let at = first + sample_n * sample + 4u * quad;
    let left = area - 4u * quad;
    if (left >= 4u) {
      let d = vec4<f32>(x[at], x[at + 1u], x[at + 2u], x[at + 3u]) - shift;
      sums += d;
      squares += d * d;
      count += 4.0;
    } else {
      for (var k = 0u; k < left; k++) {
        let d = x[at + k] - shift;
        sums.x += d;
        squares.x += d * d;
        count += 1.0;
      }
    }
    sample_n += step_sample;
    quad += step_quad;
    if (quad >= quads) {
      quad -= quads;
      sample_n += 1u;
    }
  }
  let sum = dot(sums, vec4<f32>(1.0));
  let square = dot(squares, vec4<f32>(1.0));
  counts[thread] = count;
  means[thread] = shift + sum / max(count, 1.0);
  deviations[thread] = max(0.0, square - sum * sum / max(count, 1.0));
  workgroupBarrier();

  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half = half / 2u) {
    if (thread < half) {
      let a = counts[thread];
      let b = counts[thread + half];
      let both = max(a + b, 1.0);
      let difference = means[thread + half] - means[thread];
      means[thread] += difference * (b / both);
      deviations[thread] += deviations[thread + half] + difference * difference * (a * b / both);
      counts[thread] = a + b;
    }
    workgroupBarrier();
  }

  let m = f32(params.batch * area);
  let center = means[0];
  let scale = 1.0 / sqrt(deviations[0] / m + params.eps);
  if (thread == 0u) {
    moments[2u * channel] = center;
    moments[2u * channel + 1u] = scale;
    running_mean[channel] = between(running_mean[channel], center, params.momentum);
    // One value has no unbiased variance; 0 stands for it.
    let unbiased = deviations[0] / max(m - 1.0, 1.0);
    running_var[channel] = between(running_var[channel], unbiased, params.momentum);
  }

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
  var n = thread / y_plane;
  var row = thread % y_plane / params.y_row_stride;
  var column = thread % params.y_row_stride;

  for (var i = thread; i < total; i += WORKGROUP_SIZE) {
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
      let at = (plane * height + inner_row) * width + inner_column;
      let nan = is_nan(z); // then all are: a NaN anywhere in the channel is in its mean
      y[out] = select(max(0.0, z), z, nan);
      winner[at] = select(select(NONE, normalized, z > 0.0), z, nan);
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
