// Euclidean distances between all rows of a and all rows of b, in every batch:
//   y[n, m] = sqrt(sum over k of (a[n, k] - b[m, k] + epsilon)^2), or with SQUARED without the root
// The differences themselves are squared: |a|^2 + |b|^2 - 2 a.b would cancel for rows that are close.
//
// Layout: a [B, N, K], b [B, M, K], y [B, N, M], dense.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;
override SQUARED: u32 = 0;

struct Params {
  length: u32, // B * N * M
  rows: u32, // N
  columns: u32, // M
  features: u32, // K
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let batch = i / params.columns / params.rows;
  let row_a = i / params.columns * params.features;
  let row_b = (batch * params.columns + i % params.columns) * params.features;
  var sum = 0.0;
  for (var k = 0u; k < params.features; k++) {
    let difference = a[row_a + k] - b[row_b + k] + params.epsilon;
    sum += difference * difference;
  }
  y[i] = select(sqrt(sum), sum, SQUARED == 1u);
}
