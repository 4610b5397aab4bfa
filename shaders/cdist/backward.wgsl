// The gradient of forward.wgsl by a, or with OF_B by b:
//   da[n, k] = sum over m of  c[n, m] (a[n, k] - b[m, k] + epsilon)
//   db[m, k] = sum over n of -c[n, m] (a[n, k] - b[m, k] + epsilon)
//   c = dy / y, or 2 dy with SQUARED; 0 where the distance is 0, which has no slope there
//
// Layout: a [B, N, K], b [B, M, K], y and dy [B, N, M], dx of a's or b's shape, dense.
// Threads: one per element of dx, k fastest: neighbours share c and read neighbouring features.

override WORKGROUP_SIZE: u32 = 64;
override SQUARED: u32 = 0;
override OF_B: u32 = 0;

struct Params {
  length: u32, // elements of dx
  rows: u32, // N
  columns: u32, // M
  features: u32, // K
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn term(batch: u32, n: u32, m: u32, k: u32) -> f32 {
  let row_a = batch * params.rows + n;
  let row_b = batch * params.columns + m;
  let at = row_a * params.columns + m;
  let difference =
    a[row_a * params.features + k] - b[row_b * params.features + k] + params.epsilon;
  if (SQUARED == 1u) {
    return 2.0 * dy[at] * difference;
  }
  if (y[at] == 0.0) {
    return 0.0;
  }
  return dy[at] / y[at] * difference;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let k = i % params.features;
  let row = i / params.features;
  var sum = 0.0;
  if (OF_B == 0u) {
    for (var m = 0u; m < params.columns; m++) {
      sum += term(row / params.rows, row % params.rows, m, k);
    }
  } else {
    for (var n = 0u; n < params.rows; n++) {
      sum -= term(row / params.columns, n, row % params.columns, k);
    }
  }
  dx[i] = sum;
}
