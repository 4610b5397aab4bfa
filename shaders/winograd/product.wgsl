// product[b,i,j] = sum over k of left[b,i,k] * right[b,k,j]
//
// One matrix product for each of Winograd's positions: transformed windows by filters, or windows by gradients.
//
// Layout: left [B,I,K], right [B,K,J] and product [B,I,J] dense, J a multiple of 4.
// Threads: one for 4 rows and a vec4 of columns, columns fastest, in x; workgroup y is the block of rows, z is
// b. So all threads of a workgroup read the same addresses of `left`, which a GPU does in one access.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // I
  terms: u32, // K
  columns: u32, // J, in vec4s
}

@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, j: u32, batch: u32, sum: vec4<f32>) {
  if (row >= params.rows) {
    return;
  }
  product[(batch * params.rows + row) * params.columns + j] = sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let j = id.x;
  if (j >= params.columns) {
    return;
  }
  let i = group.y * 4u;
  let last = params.rows - 1u;
  let from_left = group.z * params.rows;
  var at0 = (from_left + i) * params.terms;
  var at1 = (from_left + min(i + 1u, last)) * params.terms;
  var at2 = (from_left + min(i + 2u, last)) * params.terms;
  var at3 = (from_left + min(i + 3u, last)) * params.terms;
  var from_right = group.z * params.terms * params.columns + j;
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  for (var k = 0u; k < params.terms; k++) {
    let columns = right[from_right];
    sum0 += left[at0] * columns;
    sum1 += left[at1] * columns;
    sum2 += left[at2] * columns;
    sum3 += left[at3] * columns;
    at0++;
    at1++;
    at2++;
    at3++;
    from_right += params.columns;
  }
  store(i, j, group.z, sum0);
  store(i + 1u, j, group.z, sum1);
  store(i + 2u, j, group.z, sum2);
  store(i + 3u, j, group.z, sum3);
}
