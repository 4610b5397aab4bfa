// y [rows] = the sums of the rows of x [rows, terms]: neighbours read neighbours.
//
// Layout: x and y dense.
// Threads: a workgroup per row. Thread `lane` adds up every 64th number; then pairs of neighbours are added in a tree.

const LANES: u32 = 64;

struct Params {
  terms: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = 0.0;
  for (var k = lane; k < params.terms; k += LANES) {
    sum += x[group.x * params.terms + k];
  }
  parts[lane] = sum;
  workgroupBarrier();
  for (var apart = 1u; apart < LANES; apart *= 2u) {
    if (lane % (2u * apart) == 0u) {
      parts[lane] += parts[lane + apart];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    y[group.x] = parts[0];
  }
}
