// y [M, N] = a [M, K] b [K, N]: neighbouring threads take neighbouring rows.
//
// Layout: all dense.
// Threads: one per element of y, down its columns: 32 neighbours read numbers that lie K apart.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // M
  columns: u32, // N
  terms: u32, // K
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.rows * params.columns) {
    return;
  }
  let m = id.x % params.rows;
  let n = id.x / params.rows;
  var sum = 0.0;
  for (var k = 0u; k < params.terms; k++) {
    sum += a[m * params.terms + k] * b[k * params.columns + n];
  }
  y[m * params.columns + n] = sum;
}
