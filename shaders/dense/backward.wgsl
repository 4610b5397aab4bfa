// The three gradients of y = x weight^T + bias, in one dispatch:
//
//   dweight[g, m, k] = sum over n of dy[g, n, m] * x[g, n, k]
//   dx[g, n, k]      = sum over m of dy[g, n, m] * weight[g, m, k]
//   dbias[g, m]      = sum over n of dy[g, n, m]
//
// None of them waits for another, so their workgroups stand side by side, and a small layer fills a GPU
// better. What is not wanted has no workgroups; its buffer is not touched.
//
// Layout: x, dx [G, N, K], weight, dweight [G, M, K], dy [G, N, M], dbias [G, M], all dense.
// Threads: workgroup_id.z is g; workgroup_id.x counts the workgroups of dweight, then of dx, then of dbias.
//   dweight   a thread per tile of 8 rows m and 8 columns k, k fastest: a step of n loads 16 numbers for
//             64 multiply-adds. A load costs as much as many of them.
//   dx        a thread per tile of 8 rows n and 4 columns k, k fastest, so that neighbours read
//             neighbouring weights: a step of m loads 12 numbers for 32 multiply-adds.
//   dbias     a thread per m.
// Every sum has a fixed order, so that it has the same bits every run. Rows and columns past the end are clamped
// for reading and left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // N
  in_features: u32, // K
  out_features: u32, // M
  weight_workgroups: u32,
  input_workgroups: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(5) var<storage, read_write> dbias: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store_weight(g: u32, m: u32, k: u32, low: vec4<f32>, high: vec4<f32>) {
  if (m >= params.out_features) {
    return;
  }
  let at = (g * params.out_features + m) * params.in_features + k;
  for (var j = 0u; j < 4u; j++) {
    if (k + j < params.in_features) {
      dweight[at + j] = low[j];
    }
    if (k + 4u + j < params.in_features) {
      dweight[at + 4u + j] = high[j];
    }
  }
}

fn weight_tile(g: u32, thread: u32) {
  let columns = (params.in_features + 7u) / 8u;
  let m = thread / columns * 8u;
  let k = thread % columns * 8u;
  if (m >= params.out_features) {
    return;
  }
  let last_row = params.out_features - 1u;
  let m1 = min(m + 1u, last_row);
  let m2 = min(m + 2u, last_row);
  let m3 = min(m + 3u, last_row);
  let m4 = min(m + 4u, last_row);
  let m5 = min(m + 5u, last_row);
  let m6 = min(m + 6u, last_row);
  let m7 = min(m + 7u, last_row);
  let last_column = params.in_features - 1u;
  let k1 = min(k + 1u, last_column);
  let k2 = min(k + 2u, last_column);
  let k3 = min(k + 3u, last_column);
  let k4 = min(k + 4u, last_column);
  let k5 = min(k + 5u, last_column);
  let k6 = min(k + 6u, last_column);
  let k7 = min(k + 7u, last_column);
  var low0 = vec4<f32>();
  var high0 = vec4<f32>();
  var low1 = vec4<f32>();
  var high1 = vec4<f32>();
  var low2 = vec4<f32>();
  var high2 = vec4<f32>();
  var low3 = vec4<f32>();
  var high3 = vec4<f32>();
  var low4 = vec4<f32>();
  var high4 = vec4<f32>();
  var low5 = vec4<f32>();
  var high5 = vec4<f32>();
  var low6 = vec4<f32>();
  var high6 = vec4<f32>();
  var low7 = vec4<f32>();
  var high7 = vec4<f32>();
  var from_x = g * params.rows * params.in_features; // of x[g, n, 0]
  var from_dy = g * params.rows * params.out_features; // of dy[g, n, 0]
  for (var n = 0u; n < params.rows; n++) {
    let low = vec4<f32>(x[from_x + k], x[from_x + k1], x[from_x + k2], x[from_x + k3]);
    let high = vec4<f32>(x[from_x + k4], x[from_x + k5], x[from_x + k6], x[from_x + k7]);
    let dy0 = dy[from_dy + m];
    low0 += dy0 * low;
    high0 += dy0 * high;
    let dy1 = dy[from_dy + m1];
    low1 += dy1 * low;
    high1 += dy1 * high;
    let dy2 = dy[from_dy + m2];
    low2 += dy2 * low;
    high2 += dy2 * high;
    let dy3 = dy[from_dy + m3];
    low3 += dy3 * low;
    high3 += dy3 * high;
    let dy4 = dy[from_dy + m4];
    low4 += dy4 * low;
    high4 += dy4 * high;
    let dy5 = dy[from_dy + m5];
    low5 += dy5 * low;
    high5 += dy5 * high;
    let dy6 = dy[from_dy + m6];
    low6 += dy6 * low;
    high6 += dy6 * high;
    let dy7 = dy[from_dy + m7];
    low7 += dy7 * low;
    high7 += dy7 * high;
    from_x += params.in_features;
    from_dy += params.out_features;
  }
  store_weight(g, m, k, low0, high0);
  store_weight(g, m + 1u, k, low1, high1);
  store_weight(g, m + 2u, k, low2, high2);
  store_weight(g, m + 3u, k, low3, high3);
  store_weight(g, m + 4u, k, low4, high4);
  store_weight(g, m + 5u, k, low5, high5);
  store_weight(g, m + 6u, k, low6, high6);
  store_weight(g, m + 7u, k, low7, high7);
}

fn store_input(g: u32, n: u32, k: u32, sums: vec4<f32>) {
  if (n >= params.rows) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (k + j < params.in_features) {
      dx[(g * params.rows + n) * params.in_features + k + j] = sums[j];
    }
  }
}

fn input_tile(g: u32, thread: u32) {
  let columns = (params.in_features + 3u) / 4u;
  let n = thread / columns * 8u;
  let k = thread % columns * 4u;
  if (n >= params.rows) {
    return;
  }
  let length = params.out_features;
  let last_row = params.rows - 1u;
  let dy0 = (g * params.rows + n) * length;
  let dy1 = (g * params.rows + min(n + 1u, last_row)) * length;
  let dy2 = (g * params.rows + min(n + 2u, last_row)) * length;
  let dy3 = (g * params.rows + min(n + 3u, last_row)) * length;
  let dy4 = (g * params.rows + min(n + 4u, last_row)) * length;
  let dy5 = (g * params.rows + min(n + 5u, last_row)) * length;
  let dy6 = (g * params.rows + min(n + 6u, last_row)) * length;
  let dy7 = (g * params.rows + min(n + 7u, last_row)) * length;
  let last_column = params.in_features - 1u;
  let k1 = min(k + 1u, last_column);
  let k2 = min(k + 2u, last_column);
  let k3 = min(k + 3u, last_column);
  var row0 = vec4<f32>();
  var row1 = vec4<f32>();
  var row2 = vec4<f32>();
  var row3 = vec4<f32>();
  var row4 = vec4<f32>();
  var row5 = vec4<f32>();
  var row6 = vec4<f32>();
  var row7 = vec4<f32>();
  var at = g * length * params.in_features; // of weight[g, m, 0]
  for (var m = 0u; m < length; m++) {
    let w = vec4<f32>(weight[at + k], weight[at + k1], weight[at + k2], weight[at + k3]);
    row0 += dy[dy0 + m] * w;
    row1 += dy[dy1 + m] * w;
    row2 += dy[dy2 + m] * w;
    row3 += dy[dy3 + m] * w;
    row4 += dy[dy4 + m] * w;
    row5 += dy[dy5 + m] * w;
    row6 += dy[dy6 + m] * w;
    row7 += dy[dy7 + m] * w;
    at += params.in_features;
  }
  store_input(g, n, k, row0);
  store_input(g, n + 1u, k, row1);
  store_input(g, n + 2u, k, row2);
  store_input(g, n + 3u, k, row3);
  store_input(g, n + 4u, k, row4);
  store_input(g, n + 5u, k, row5);
  store_input(g, n + 6u, k, row6);
  store_input(g, n + 7u, k, row7);
}

fn bias_sum(g: u32, m: u32) {
  if (m >= params.out_features) {
    return;
  }
  var sum = 0.0;
  for (var n = 0u; n < params.rows; n++) {
    sum += dy[(g * params.rows + n) * params.out_features + m];
  }
  dbias[g * params.out_features + m] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let of_input = group.x - params.weight_workgroups;
  let of_bias = of_input - params.input_workgroups;
  if (group.x < params.weight_workgroups) {
    weight_tile(group.z, group.x * WORKGROUP_SIZE + local);
  } else if (of_input < params.input_workgroups) {
    input_tile(group.z, of_input * WORKGROUP_SIZE + local);
  } else {
    bias_sum(group.z, of_bias * WORKGROUP_SIZE + local);
  }
}
