// y [M, N] = a [M, K] b [K, N]: four columns come in one read.
//
// Layout: all dense, N a multiple of 4, so that rows of b and y are whole vec4s.
// Threads: one per tile of 4 rows and 4 columns, columns fastest. For each k it reads 4 numbers of a and one vec4 of b.
// Rows past the end are clamped to the last one and left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // M
  columns: u32, // N
  terms: u32, // K
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let across = params.columns / 4u;
  let m = id.x / across * 4u;
  let n = id.x % across;
  if (m >= params.rows) {
    return;
  }
  var sums: array<vec4<f32>, 4>;
  for (var k = 0u; k < params.terms; k++) {
    let right = b[k * across + n];
    for (var i = 0u; i < 4u; i++) {
      sums[i] += a[min(m + i, params.rows - 1u) * params.terms + k] * right;
    }
  }
  for (var i = 0u; i < 4u && m + i < params.rows; i++) {
    y[(m + i) * across + n] = sums[i];
  }
}
