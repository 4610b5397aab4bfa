// y[g, n, m] = bias[g, m] + sum over k of x[g, n, k] * weight[g, m, k]; with RELU, max(0, that).
// PyTorch's Linear, once per group g (the streams).
//
// Layout: x [G, N, K], weight [G, M, K], bias [G, M], y [G, N, M], all dense.
// Threads: one per tile of 4 rows n and 4 columns m, m fastest; workgroup_id.z is g. A step of k
// loads 8 numbers for 16 multiply-adds. Rows and columns past the end are clamped to the last one for
// reading and left out when writing, so that the inner loop has no tests.

override WORKGROUP_SIZE: u32 = 64;
override RELU: u32 = 0;
override HAS_BIAS: u32 = 1; // 0: no bias; the buffer is not read

struct Params {
  rows: u32, // N
  in_features: u32, // K
  out_features: u32, // M
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(g: u32, n: u32, m: u32, sums: vec4<f32>) {
  if (n >= params.rows) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (m + j < params.out_features) {
      var sum = sums[j];
      if (HAS_BIAS == 1u) {
        sum += bias[g * params.out_features + m + j];
      }
      let at = (g * params.rows + n) * params.out_features + m + j;
      y[at] = select(sum, max(0.0, sum), RELU != 0u);
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = (params.out_features + 3u) / 4u;
  let n = id.x / columns * 4u;
  let m = id.x % columns * 4u;
  let g = id.z;
  if (n >= params.rows) {
    return;
  }
  let length = params.in_features;
  let last_row = params.rows - 1u;
  let x0 = (g * params.rows + n) * length;
  let x1 = (g * params.rows + min(n + 1u, last_row)) * length;
  let x2 = (g * params.rows + min(n + 2u, last_row)) * length;
  let x3 = (g * params.rows + min(n + 3u, last_row)) * length;
  let last_column = params.out_features - 1u;
  let w0 = (g * params.out_features + m) * length;
  let w1 = (g * params.out_features + min(m + 1u, last_column)) * length;
  let w2 = (g * params.out_features + min(m + 2u, last_column)) * length;
  let w3 = (g * params.out_features + min(m + 3u, last_column)) * length;
  var row0 = vec4<f32>(0.0);
  var row1 = vec4<f32>(0.0);
  var row2 = vec4<f32>(0.0);
  var row3 = vec4<f32>(0.0);
  for (var k = 0u; k < length; k++) {
    let w = vec4<f32>(weight[w0 + k], weight[w1 + k], weight[w2 + k], weight[w3 + k]);
    row0 += x[x0 + k] * w;
    row1 += x[x1 + k] * w;
    row2 += x[x2 + k] * w;
    row3 += x[x3 + k] * w;
  }
  store(g, n, m, row0);
  store(g, n + 1u, m, row1);
  store(g, n + 2u, m, row2);
  store(g, n + 3u, m, row3);
}
