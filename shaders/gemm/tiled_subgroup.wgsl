// y[g, m, n] = alpha * sum over k of a[g, m, k] * b[g, k, n] + beta * c[g, m, n] + beta * d[g, m, n]; max(0, that) with relu
//
// What forward.wgsl and, but for dropout, dense/forward.wgsl define, with 16 rows and 4 columns a thread: 64 sums in
// registers. A step of k loads 4 numbers of b and 4 of a for 64 multiply-adds.
//
// Layout: every matrix by its strides, so that a transposed one is the same memory, and a row, a column or a number in
// c's place has strides of 0; d (PyTorch's recurrent layers have two biases) has those of c. y has rows of N numbers
// beside each other.
// Threads: one for 16 rows and 4 columns, WORKGROUP_SIZE columns apart, so that neighbours read beside each other.
// Workgroup x is the block of columns, y that of rows, z is g: all lanes need the same 16 numbers of a. They load
// four each, and these go round by broadcast.
//
// Subgroups of 4 lanes or more. Rows and columns past the end are clamped to the last one for reading and left out when
// writing, and all lanes stay to the end, so that every lane that is asked for a number is there.

enable subgroups;

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
  c_batch: u32,
  c_row: u32,
  c_column: u32,
  y_batch: u32,
  y_row: u32,
  alpha: f32,
  beta: f32,
  relu: u32,
  addends: u32, // 1: c, 2: c and d; the others are not read
  four: u32, // 4, which a compiler must not know: it would take long over 64 stores beside each other
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read> d: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Row m of the sums: columns n, n + WORKGROUP_SIZE, and so on.
fn store(g: u32, m: u32, n: u32, sums: vec4<f32>) {
  if (m >= params.rows) {
    return;
  }
  for (var j = 0u; j < params.four; j++) {
    let column = n + j * WORKGROUP_SIZE;
    if (column < params.columns) {
      var value = params.alpha * sums[j];
      let at = g * params.c_batch + m * params.c_row + column * params.c_column;
      if (params.addends >= 1u) {
        value += params.beta * c[at];
      }
      if (params.addends == 2u) {
        value += params.beta * d[at];
      }
      if (params.relu == 1u) {
        value = select(max(0.0, value), value, is_nan(value));
      }
      y[g * params.y_batch + m * params.y_row + column] = value;
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let n = group.x * 4u * WORKGROUP_SIZE + local;
  let m = group.y * 16u;
  let g = group.z;

  var row0 = vec4<f32>();
  var row1 = vec4<f32>();
  var row2 = vec4<f32>();
  var row3 = vec4<f32>();
  var row4 = vec4<f32>();
  var row5 = vec4<f32>();
  var row6 = vec4<f32>();
  var row7 = vec4<f32>();
  var row8 = vec4<f32>();
  var row9 = vec4<f32>();
  var row10 = vec4<f32>();
  var row11 = vec4<f32>();
  var row12 = vec4<f32>();
  var row13 = vec4<f32>();
  var row14 = vec4<f32>();
  var row15 = vec4<f32>();

  let lane = invocation & 3u;
  let last_row = params.rows - 1u;
  var a0 = g * params.a_batch + min(m + lane, last_row) * params.a_row;
  var a1 = g * params.a_batch + min(m + lane + 4u, last_row) * params.a_row;
  var a2 = g * params.a_batch + min(m + lane + 8u, last_row) * params.a_row;
  var a3 = g * params.a_batch + min(m + lane + 12u, last_row) * params.a_row;
  let last_column = params.columns - 1u;
  let b0 = min(n, last_column) * params.b_column;
  let b1 = min(n + WORKGROUP_SIZE, last_column) * params.b_column;
  let b2 = min(n + 2u * WORKGROUP_SIZE, last_column) * params.b_column;
  let b3 = min(n + 3u * WORKGROUP_SIZE, last_column) * params.b_column;
  var from_b = g * params.b_batch;
  for (var k = 0u; k < params.terms; k++) {
    let columns = vec4<f32>(b[from_b + b0], b[from_b + b1], b[from_b + b2], b[from_b + b3]);
    let rows0 = a[a0];
    row0 += subgroupBroadcast(rows0, 0u) * columns;
    row1 += subgroupBroadcast(rows0, 1u) * columns;
    row2 += subgroupBroadcast(rows0, 2u) * columns;
    row3 += subgroupBroadcast(rows0, 3u) * columns;
    a0 += params.a_column;
    let rows1 = a[a1];
    row4 += subgroupBroadcast(rows1, 0u) * columns;
    row5 += subgroupBroadcast(rows1, 1u) * columns;
    row6 += subgroupBroadcast(rows1, 2u) * columns;
    row7 += subgroupBroadcast(rows1, 3u) * columns;
    a1 += params.a_column;
    let rows2 = a[a2];
    row8 += subgroupBroadcast(rows2, 0u) * columns;
    row9 += subgroupBroadcast(rows2, 1u) * columns;
    row10 += subgroupBroadcast(rows2, 2u) * columns;
    row11 += subgroupBroadcast(rows2, 3u) * columns;
    a2 += params.a_column;
    let rows3 = a[a3];
    row12 += subgroupBroadcast(rows3, 0u) * columns;
    row13 += subgroupBroadcast(rows3, 1u) * columns;
    row14 += subgroupBroadcast(rows3, 2u) * columns;
    row15 += subgroupBroadcast(rows3, 3u) * columns;
    a3 += params.a_column;
    from_b += params.b_row;
  }
  store(g, m, n, row0);
  store(g, m + 1u, n, row1);
  store(g, m + 2u, n, row2);
  store(g, m + 3u, n, row3);
  store(g, m + 4u, n, row4);
  store(g, m + 5u, n, row5);
  store(g, m + 6u, n, row6);
  store(g, m + 7u, n, row7);
  store(g, m + 8u, n, row8);
  store(g, m + 9u, n, row9);
  store(g, m + 10u, n, row10);
  store(g, m + 11u, n, row11);
  store(g, m + 12u, n, row12);
  store(g, m + 13u, n, row13);
  store(g, m + 14u, n, row14);
  store(g, m + 15u, n, row15);
}
