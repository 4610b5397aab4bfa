// y [M, N] = a [M, K] b [K, N]: a workgroup fetches tiles of a and b once, for all of its threads.
//
// Layout: all dense.
// Threads: a workgroup of 8 x 8 for 8 rows and 8 columns of y, a thread for each element. Of every 8 terms each thread
// fetches one number of a and one of b into workgroup memory; then all read them there, 8 times each.

const TILE: u32 = 8;
const NUMBERS: u32 = 64; // TILE * TILE

struct Params {
  rows: u32, // M
  columns: u32, // N
  terms: u32, // K
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> a_tile: array<f32, NUMBERS>;
var<workgroup> b_tile: array<f32, NUMBERS>;

@compute @workgroup_size(TILE, TILE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let m = id.y;
  let n = id.x;
  let here = local.y * TILE + local.x;
  var sum = 0.0;
  for (var first = 0u; first < params.terms; first += TILE) {
    a_tile[here] = 0.0;
    if (m < params.rows && first + local.x < params.terms) {
      a_tile[here] = a[m * params.terms + first + local.x];
    }
    b_tile[here] = 0.0;
    if (n < params.columns && first + local.y < params.terms) {
      b_tile[here] = b[(first + local.y) * params.columns + n];
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      sum += a_tile[local.y * TILE + k] * b_tile[k * TILE + local.x];
    }
    workgroupBarrier();
  }
  if (m < params.rows && n < params.columns) {
    y[m * params.columns + n] = sum;
  }
}
