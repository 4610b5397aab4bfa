// dx[g, n, k] = sum over m of dy[g, n, m] * weight[g, m, k].
//
// Layout: dy [G, N, M], weight [G, M, K], dx [G, N, K], all dense.
// Threads: one per tile of 8 rows n and 4 columns k, k fastest, so that neighbours read neighbouring
// weights; workgroup_id.z is g. A step of m loads 12 numbers for 32 multiply-adds: a load costs as much as
// many of them. Rows and columns past the end are clamped for reading and left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // N
  in_features: u32, // K
  out_features: u32, // M
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(g: u32, n: u32, k: u32, sums: vec4<f32>) {
  if (n >= params.rows) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (k + j < params.in_features) {
      dx[(g * params.rows + n) * params.in_features + k + j] = sums[j];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = (params.in_features + 3u) / 4u;
  let n = id.x / columns * 8u;
  let k = id.x % columns * 4u;
  let g = id.z;
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
  store(g, n, k, row0);
  store(g, n + 1u, k, row1);
  store(g, n + 2u, k, row2);
  store(g, n + 3u, k, row3);
  store(g, n + 4u, k, row4);
  store(g, n + 5u, k, row5);
  store(g, n + 6u, k, row6);
  store(g, n + 7u, k, row7);
}
