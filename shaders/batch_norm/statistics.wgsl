// Mean and 1 / sqrt(variance + eps) of every channel over the batch, and the running statistics:
//
//   mean = sum(x) / M,  variance = sum((x - mean)^2) / M,  rstd = 1 / sqrt(variance + eps),  M = N * H * W
//   running_mean += momentum * (mean - running_mean)
//   running_var  += momentum * (variance * M / (M - 1) - running_var)
//
// Layout: x [G, N, C, H, W] dense; mean, rstd, running_mean, running_var [G, C].
// Threads: one workgroup per channel. Each thread walks the channel in steps of WORKGROUP_SIZE quads, 4
// elements of a plane, and sums x - shift and (x - shift)^2, where shift is the first value that it
// meets. sum((x - mean)^2) then is squares - sum^2 / count. As the shift is one of the
// thread's own values, this difference loses at most a factor `count` of precision, however large
// the mean is. Threads are merged pairwise by Chan's formula, always in the same order.

override WORKGROUP_SIZE: u32 = 128;

struct Params {
  batch: u32, // N
  channels: u32, // C
  plane: u32, // H * W
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(3) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_var: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<f32, WORKGROUP_SIZE>;
var<workgroup> means: array<f32, WORKGROUP_SIZE>;
var<workgroup> deviations: array<f32, WORKGROUP_SIZE>; // sum((x - mean)^2)

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
  let sample = params.channels * params.plane; // elements from one sample to the next
  let first = g * params.batch * sample + c * params.plane;
  let total = params.batch * params.plane;

  // Place of quad i: sample n, quad of its plane. Stepping them saves two divisions for each.
  let quads = (params.plane + 3u) / 4u; // of a plane; the last may be cut off
  let step_n = WORKGROUP_SIZE / quads;
  let step_quad = WORKGROUP_SIZE % quads;
  var n = thread / quads;
  var quad = thread % quads;

  var count = 0.0;
  var shift = 0.0;
  if (thread < params.batch * quads) {
    shift = x[first + n * sample + 4u * quad];
  }
  var sums = vec4<f32>();
  var squares = vec4<f32>();
  for (var i = thread; i < params.batch * quads; i += WORKGROUP_SIZE) {
    let at = first + n * sample + 4u * quad;
    let left = params.plane - 4u * quad;
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
    n += step_n;
    quad += step_quad;
    if (quad >= quads) {
      quad -= quads;
      n += 1u;
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

  if (thread == 0u) {
    let m = f32(total);
    mean[channel] = means[0];
    rstd[channel] = 1.0 / sqrt(deviations[0] / m + params.eps);
    running_mean[channel] = between(running_mean[channel], means[0], params.momentum);
    // One value has no unbiased variance; 0 stands for it.
    let unbiased = deviations[0] / max(m - 1.0, 1.0);
    running_var[channel] = between(running_var[channel], unbiased, params.momentum);
  }
}
