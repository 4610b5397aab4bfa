// product[b,i,j] = sum over k of left[b,i,k] * right[b,k,j]
//
// What `product.wgsl` defines, for few columns: a single image has few tiles. Most loads are then of `left`, and here
// each brings 4 numbers.
//
// Layout: left [B,I,K], right [B,K,J] and product [B,I,J] dense, J and K multiples of 4.
// Threads: one for 8 rows and a vec4 of columns, rows in x; workgroup y is the vec4, z is b. All lanes need the
// same columns of 4 terms: each loads those of one, and they go round by broadcast.
//
// Subgroups of 4 lanes or more. All lanes stay to the end (those past the last row do it again and do not store), so
// that every lane that is asked for a number is there.

enable subgroups;

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // I
  terms: u32, // K, in vec4s
  columns: u32, // J, in vec4s
}

@group(0) @binding(0) var<storage, read> left: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, j: u32, batch: u32, sum: vec4<f32>) {
  if (row < params.rows) {
    product[(batch * params.rows + row) * params.columns + j] = sum;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let j = id.y;
  let i = id.x * 8u;
  let terms = params.terms;
  let last = params.rows - 1u;
  let from_left = id.z * params.rows;
  var at0 = (from_left + min(i + 0u, last)) * terms;
  var at1 = (from_left + min(i + 1u, last)) * terms;
  var at2 = (from_left + min(i + 2u, last)) * terms;
  var at3 = (from_left + min(i + 3u, last)) * terms;
  var at4 = (from_left + min(i + 4u, last)) * terms;
  var at5 = (from_left + min(i + 5u, last)) * terms;
  var at6 = (from_left + min(i + 6u, last)) * terms;
  var at7 = (from_left + min(i + 7u, last)) * terms;
  // This lane's one of 4 terms.
  var from_right = (id.z * 4u * terms + (invocation & 3u)) * params.columns + j;
  let next = 4u * params.columns;
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  for (var k = 0u; k < terms; k++) {
    let own = right[from_right];
    from_right += next;
    let left0 = left[at0];
    at0++;
    let left1 = left[at1];
    at1++;
    let left2 = left[at2];
    at2++;
    let left3 = left[at3];
    at3++;
    let left4 = left[at4];
    at4++;
    let left5 = left[at5];
    at5++;
    let left6 = left[at6];
    at6++;
    let left7 = left[at7];
    at7++;
    let columns0 = subgroupBroadcast(own, 0u);
    sum0 += left0.x * columns0;
    sum1 += left1.x * columns0;
    sum2 += left2.x * columns0;
    sum3 += left3.x * columns0;
    sum4 += left4.x * columns0;
    sum5 += left5.x * columns0;
    sum6 += left6.x * columns0;
    sum7 += left7.x * columns0;
    let columns1 = subgroupBroadcast(own, 1u);
    sum0 += left0.y * columns1;
    sum1 += left1.y * columns1;
    sum2 += left2.y * columns1;
    sum3 += left3.y * columns1;
    sum4 += left4.y * columns1;
    sum5 += left5.y * columns1;
    sum6 += left6.y * columns1;
    sum7 += left7.y * columns1;
    let columns2 = subgroupBroadcast(own, 2u);
    sum0 += left0.z * columns2;
    sum1 += left1.z * columns2;
    sum2 += left2.z * columns2;
    sum3 += left3.z * columns2;
    sum4 += left4.z * columns2;
    sum5 += left5.z * columns2;
    sum6 += left6.z * columns2;
    sum7 += left7.z * columns2;
    let columns3 = subgroupBroadcast(own, 3u);
    sum0 += left0.w * columns3;
    sum1 += left1.w * columns3;
    sum2 += left2.w * columns3;
    sum3 += left3.w * columns3;
    sum4 += left4.w * columns3;
    sum5 += left5.w * columns3;
    sum6 += left6.w * columns3;
    sum7 += left7.w * columns3;
  }
  store(i + 0u, j, id.z, sum0);
  store(i + 1u, j, id.z, sum1);
  store(i + 2u, j, id.z, sum2);
  store(i + 3u, j, id.z, sum3);
  store(i + 4u, j, id.z, sum4);
  store(i + 5u, j, id.z, sum5);
  store(i + 6u, j, id.z, sum6);
  store(i + 7u, j, id.z, sum7);
}
