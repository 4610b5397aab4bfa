// y[row] = the sum over k of x[row, k].
//
// Layout: x [rows, K], y [rows], dense.
// Threads: a workgroup of 8 for each row. Lane l adds up k = l, l + 8, …; the first lane adds up the 8 parts.

const LANES: u32 = 8;

struct Params {
  terms: u32, // K
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = group.x;
  let lane = local.x;
  var sum = 0.0;
  for (var k = lane; k < params.terms; k += LANES) {
    sum += x[row * params.terms + k];
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var all = 0.0;
    for (var l = 0u; l < LANES; l++) {
      all += parts[l];
    }
    y[row] = all;
  }
}
