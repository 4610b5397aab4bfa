// dweight[g, m, k] = sum over n of dy[g, n, m] * x[g, n, k].
//
// Layout: x [G, N, K], dy [G, N, M], dweight [G, M, K], all dense.
// Threads: one per tile of 8 rows m and 8 columns k, k fastest; workgroup_id.z is g. A step of n loads 16
// numbers for 64 multiply-adds: a load costs as much as many of them. The samples are added in order, so
// that the sum has the same bits every run. Rows and columns past the end are clamped for reading and
// left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // N
  in_features: u32, // K
  out_features: u32, // M
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(g: u32, m: u32, k: u32, low: vec4<f32>, high: vec4<f32>) {
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = (params.in_features + 7u) / 8u;
  let m = id.x / columns * 8u;
  let k = id.x % columns * 8u;
  let g = id.z;
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
  store(g, m, k, low0, high0);
  store(g, m + 1u, k, low1, high1);
  store(g, m + 2u, k, low2, high2);
  store(g, m + 3u, k, low3, high3);
  store(g, m + 4u, k, low4, high4);
  store(g, m + 5u, k, low5, high5);
  store(g, m + 6u, k, low6, high6);
  store(g, m + 7u, k, low7, high7);
}
