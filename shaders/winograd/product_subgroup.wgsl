// product[b,i,j] = sum over k of left[b,i,k] * right[b,k,j]
//
// What `product.wgsl` defines, with 16 rows and 8 columns a thread: 128 sums in registers. Where there are
// no more than 8 rows it is not TALL, with one vec4 of columns a thread not WIDE: half of the sums is left out.
//
// Layout: left [B,I,K], right [B,K,J] and product [B,I,J] dense, J a multiple of 4.
// Threads: one for two vec4s of columns, WORKGROUP_SIZE vec4s apart, and 16 rows. Workgroup x is the block of
// columns, y that of rows, z is b: all lanes need the same 16 numbers of `left`. Each loads 4 of them, and they
// go round by broadcast.
//
// Subgroups of 4 lanes or more. All lanes stay to the end (those past the last column or row do it again and do not
// store), so that every lane that is asked for a number is there.

enable subgroups;

override WORKGROUP_SIZE: u32 = 64;
override TALL: bool = true; // more than 8 rows
override WIDE: bool = true; // more vec4s of columns than threads

struct Params {
  rows: u32, // I
  terms: u32, // K
  columns: u32, // J, in vec4s
}

@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> params: Params;

// Stores a vec4 of a row, if it is there.
fn store(row: u32, j: u32, batch: u32, sum: vec4<f32>) {
  if (row < params.rows && j < params.columns) {
    product[(batch * params.rows + row) * params.columns + j] = sum;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let j = group.x * 2u * WORKGROUP_SIZE + local;
  let i = group.y * 16u;
  let last_row = params.rows - 1u;
  let last_column = params.columns - 1u;

  // Row i + r: its sums for the lower and the upper vec4 of columns.
  var low0 = vec4<f32>();
  var high0 = vec4<f32>();
  var low1 = vec4<f32>();
  var high1 = vec4<f32>();
  var low2 = vec4<f32>();
  var high2 = vec4<f32>();
  var low3 = vec4<f32>();
  var high3 = vec4<f32>();
  var low4 = vec4<f32>();
  var high4 = vec4<f32>();
  var low5 = vec4<f32>();
  var high5 = vec4<f32>();
  var low6 = vec4<f32>();
  var high6 = vec4<f32>();
  var low7 = vec4<f32>();
  var high7 = vec4<f32>();
  var low8 = vec4<f32>();
  var high8 = vec4<f32>();
  var low9 = vec4<f32>();
  var high9 = vec4<f32>();
  var low10 = vec4<f32>();
  var high10 = vec4<f32>();
  var low11 = vec4<f32>();
  var high11 = vec4<f32>();
  var low12 = vec4<f32>();
  var high12 = vec4<f32>();
  var low13 = vec4<f32>();
  var high13 = vec4<f32>();
  var low14 = vec4<f32>();
  var high14 = vec4<f32>();
  var low15 = vec4<f32>();
  var high15 = vec4<f32>();

  let lane = invocation & 3u;
  let from_left = group.z * params.rows;
  var left0 = (from_left + min(i + lane, last_row)) * params.terms;
  var left1 = (from_left + min(i + 4u + lane, last_row)) * params.terms;
  var left2 = (from_left + min(i + 8u + lane, last_row)) * params.terms;
  var left3 = (from_left + min(i + 12u + lane, last_row)) * params.terms;
  var right0 = group.z * params.terms * params.columns + min(j, last_column);
  var right1 = group.z * params.terms * params.columns + min(j + WORKGROUP_SIZE, last_column);
  for (var k = 0u; k < params.terms; k++) {
    let low = right[right0];
    let own0 = left[left0];
    let own1 = left[left1];
    var high = vec4<f32>();
    if (WIDE) {
      high = right[right1];
    }
    let l0 = subgroupBroadcast(own0, 0u);
    low0 += l0 * low;
    let l1 = subgroupBroadcast(own0, 1u);
    low1 += l1 * low;
    let l2 = subgroupBroadcast(own0, 2u);
    low2 += l2 * low;
    let l3 = subgroupBroadcast(own0, 3u);
    low3 += l3 * low;
    let l4 = subgroupBroadcast(own1, 0u);
    low4 += l4 * low;
    let l5 = subgroupBroadcast(own1, 1u);
    low5 += l5 * low;
    let l6 = subgroupBroadcast(own1, 2u);
    low6 += l6 * low;
    let l7 = subgroupBroadcast(own1, 3u);
    low7 += l7 * low;
    if (WIDE) {
      high0 += l0 * high;
      high1 += l1 * high;
      high2 += l2 * high;
      high3 += l3 * high;
      high4 += l4 * high;
      high5 += l5 * high;
      high6 += l6 * high;
      high7 += l7 * high;
    }
    if (TALL) {
      let own2 = left[left2];
      let own3 = left[left3];
      let l8 = subgroupBroadcast(own2, 0u);
      low8 += l8 * low;
      let l9 = subgroupBroadcast(own2, 1u);
      low9 += l9 * low;
      let l10 = subgroupBroadcast(own2, 2u);
      low10 += l10 * low;
      let l11 = subgroupBroadcast(own2, 3u);
      low11 += l11 * low;
      let l12 = subgroupBroadcast(own3, 0u);
      low12 += l12 * low;
      let l13 = subgroupBroadcast(own3, 1u);
      low13 += l13 * low;
      let l14 = subgroupBroadcast(own3, 2u);
      low14 += l14 * low;
      let l15 = subgroupBroadcast(own3, 3u);
      low15 += l15 * low;
      if (WIDE) {
        high8 += l8 * high;
        high9 += l9 * high;
        high10 += l10 * high;
        high11 += l11 * high;
        high12 += l12 * high;
        high13 += l13 * high;
        high14 += l14 * high;
        high15 += l15 * high;
      }
    }
    left0++;
    left1++;
    left2++;
    left3++;
    right0 += params.columns;
    right1 += params.columns;
  }
  store(i, j, group.z, low0);
  store(i + 1u, j, group.z, low1);
  store(i + 2u, j, group.z, low2);
  store(i + 3u, j, group.z, low3);
  store(i + 4u, j, group.z, low4);
  store(i + 5u, j, group.z, low5);
  store(i + 6u, j, group.z, low6);
  store(i + 7u, j, group.z, low7);
  if (WIDE) {
    store(i, j + WORKGROUP_SIZE, group.z, high0);
    store(i + 1u, j + WORKGROUP_SIZE, group.z, high1);
    store(i + 2u, j + WORKGROUP_SIZE, group.z, high2);
    store(i + 3u, j + WORKGROUP_SIZE, group.z, high3);
    store(i + 4u, j + WORKGROUP_SIZE, group.z, high4);
    store(i + 5u, j + WORKGROUP_SIZE, group.z, high5);
    store(i + 6u, j + WORKGROUP_SIZE, group.z, high6);
    store(i + 7u, j + WORKGROUP_SIZE, group.z, high7);
  }
  if (TALL) {
    store(i + 8u, j, group.z, low8);
    store(i + 9u, j, group.z, low9);
    store(i + 10u, j, group.z, low10);
    store(i + 11u, j, group.z, low11);
    store(i + 12u, j, group.z, low12);
    store(i + 13u, j, group.z, low13);
    store(i + 14u, j, group.z, low14);
    store(i + 15u, j, group.z, low15);
    if (WIDE) {
      store(i + 8u, j + WORKGROUP_SIZE, group.z, high8);
      store(i + 9u, j + WORKGROUP_SIZE, group.z, high9);
      store(i + 10u, j + WORKGROUP_SIZE, group.z, high10);
      store(i + 11u, j + WORKGROUP_SIZE, group.z, high11);
      store(i + 12u, j + WORKGROUP_SIZE, group.z, high12);
      store(i + 13u, j + WORKGROUP_SIZE, group.z, high13);
      store(i + 14u, j + WORKGROUP_SIZE, group.z, high14);
      store(i + 15u, j + WORKGROUP_SIZE, group.z, high15);
    }
  }
}
