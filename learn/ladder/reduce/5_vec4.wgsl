// y [rows] = the sums of the rows of x [rows, terms]: four numbers come in one read.
//
// Layout: x and y dense; terms a multiple of 4.
// Threads: a workgroup per row. Thread `lane` adds up every 64th vec4 of the row, then halves are folded.

const LANES: u32 = 64;

struct Params {
  terms: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let quads = params.terms / 4u;
  var four = vec4<f32>();
  for (var k = lane; k < quads; k += LANES) {
    four += x[group.x * quads + k];
  }
  let sum = four.x + four.y + four.z + four.w;
  parts[lane] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[lane] += parts[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    y[group.x] = parts[0];
  }
}
