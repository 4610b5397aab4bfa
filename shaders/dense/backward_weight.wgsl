// dweight[g, m, k] = sum over n of dy[g, n, m] * x[g, n, k].
//
// Layout: x [G, N, K], dy [G, N, M], dweight [G, M, K], all dense.
// Threads: one per tile of 4 rows m and 4 columns k, k fastest; workgroup_id.z is g. The samples are
// added in order, so that the sum has the same bits every run. Rows and columns past the end are
// clamped for reading and left out when writing.

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

fn store(g: u32, m: u32, k: u32, sums: vec4<f32>) {
  if (m >= params.out_features) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (k + j < params.in_features) {
      dweight[(g * params.out_features + m) * params.in_features + k + j] = sums[j];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = (params.in_features + 3u) / 4u;
  let m = id.x / columns * 4u;
  let k = id.x % columns * 4u;
  let g = id.z;
  if (m >= params.out_features) {
    return;
  }
  let last_row = params.out_features - 1u;
  let m1 = min(m + 1u, last_row);
  let m2 = min(m + 2u, last_row);
  let m3 = min(m + 3u, last_row);
  let last_column = params.in_features - 1u;
  let k1 = min(k + 1u, last_column);
  let k2 = min(k + 2u, last_column);
  let k3 = min(k + 3u, last_column);
  var row0 = vec4<f32>(0.0);
  var row1 = vec4<f32>(0.0);
  var row2 = vec4<f32>(0.0);
  var row3 = vec4<f32>(0.0);
  var from_x = g * params.rows * params.in_features; // of x[g, n, 0]
  var from_dy = g * params.rows * params.out_features; // of dy[g, n, 0]
  for (var n = 0u; n < params.rows; n++) {
    let inputs = vec4<f32>(x[from_x + k], x[from_x + k1], x[from_x + k2], x[from_x + k3]);
    row0 += dy[from_dy + m] * inputs;
    row1 += dy[from_dy + m1] * inputs;
    row2 += dy[from_dy + m2] * inputs;
    row3 += dy[from_dy + m3] * inputs;
    from_x += params.in_features;
    from_dy += params.out_features;
  }
  store(g, m, k, row0);
  store(g, m + 1u, k, row1);
  store(g, m + 2u, k, row2);
  store(g, m + 3u, k, row3);
}
