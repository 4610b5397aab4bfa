// y[g, m, n] = alpha * sum over k of a[g, m, k] * b[g, k, n] + beta * c[m, n]
//
// Layout: every matrix by its strides, so that a transposed one is the same memory, and a row, a column or a number in c's place has
// strides of 0; y [G, M, N], dense. A batch stride of 0 uses the same matrix for every g.
// Threads: one per tile of 4 rows and 4 columns, columns fastest; workgroup_id.z is g. A step of k loads 8 numbers for 16
// multiply-adds. Rows and columns past the end are clamped to the last one for reading and left out when writing.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // M
  columns: u32, // N
  terms: u32, // K
  a_batch: u32,
  a_row: u32,
  a_column: u32,
  b_batch: u32,
  b_row: u32,
  b_column: u32,
  c_row: u32,
  c_column: u32,
  alpha: f32,
  beta: f32, // 0 where there is no c: then it is not read
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(g: u32, m: u32, n: u32, sums: vec4<f32>) {
  if (m >= params.rows) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (n + j < params.columns) {
      var value = params.alpha * sums[j];
      if (params.beta != 0.0) {
        value += params.beta * c[m * params.c_row + (n + j) * params.c_column];
      }
      y[(g * params.rows + m) * params.columns + n + j] = value;
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let across = (params.columns + 3u) / 4u;
  let m = id.x / across * 4u;
  let n = id.x % across * 4u;
  let g = id.z;
  if (m >= params.rows) {
    return;
  }
  let last_row = params.rows - 1u;
  let a0 = g * params.a_batch + m * params.a_row;
  let a1 = g * params.a_batch + min(m + 1u, last_row) * params.a_row;
  let a2 = g * params.a_batch + min(m + 2u, last_row) * params.a_row;
  let a3 = g * params.a_batch + min(m + 3u, last_row) * params.a_row;
  let last_column = params.columns - 1u;
  let b0 = g * params.b_batch + n * params.b_column;
  let b1 = g * params.b_batch + min(n + 1u, last_column) * params.b_column;
  let b2 = g * params.b_batch + min(n + 2u, last_column) * params.b_column;
  let b3 = g * params.b_batch + min(n + 3u, last_column) * params.b_column;
  var row0 = vec4<f32>(0.0);
  var row1 = vec4<f32>(0.0);
  var row2 = vec4<f32>(0.0);
  var row3 = vec4<f32>(0.0);
  for (var k = 0u; k < params.terms; k++) {
    let down = k * params.b_row;
    let right = k * params.a_column;
    let w = vec4<f32>(b[b0 + down], b[b1 + down], b[b2 + down], b[b3 + down]);
    row0 += a[a0 + right] * w;
    row1 += a[a1 + right] * w;
    row2 += a[a2 + right] * w;
    row3 += a[a3 + right] * w;
  }
  store(g, m, n, row0);
  store(g, m + 1u, n, row1);
  store(g, m + 2u, n, row2);
  store(g, m + 3u, n, row3);
}
