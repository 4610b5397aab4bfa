// y [rows] = the sums of the rows of x [rows, terms]: each subgroup adds up in one instruction.
//
// Layout: x and y dense; terms a multiple of 4.
// Threads: a workgroup per row. Thread `lane` adds up every 64th vec4 of the row. The lanes of a subgroup add their sums up without
// memory or barrier, and one of them leaves the result; then the first lane adds all results up. Which lanes form a subgroup
// is up to the GPU: where none has left a result, parts is 0.

enable subgroups;

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
  let sum = subgroupAdd(four.x + four.y + four.z + four.w);
  if (subgroupElect()) {
    parts[lane] = sum;
  }
  workgroupBarrier();
  if (lane == 0u) {
    var all = 0.0;
    for (var l = 0u; l < LANES; l++) {
      all += parts[l];
    }
    y[group.x] = all;
  }
}
