// y[o, s, i] = sum of x[o, p, i] over all p with segments[p] = s: the rows of x, added up by their
// segment. Also the gradient of forward.wgsl. Rows whose segment is past the end are left out; with
// SIGNED negative ones count from the end.
//
// Layout: x [outer, P, inner], segments [P], y [outer, S, inner], dense.
// Threads: one per element of y. It looks through all P segments in order and adds what is its own: no
//   atomics, so the same bits in every run. Neighbours read the same segment and neighbouring numbers.

override WORKGROUP_SIZE: u32 = 64;
override SIGNED: u32 = 0; // 1: segments hold i32

struct Params {
  length: u32, // outer * S * inner
  picks: u32, // P
  rows: u32, // S
  inner: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> segments: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let segment = i / params.inner % params.rows;
  let outer = i / params.inner / params.rows;
  let first = outer * params.picks * params.inner + i % params.inner;
  var sum = 0.0;
  for (var p = 0u; p < params.picks; p++) {
    var row = segments[p];
    if (SIGNED == 1u && row >= 0x80000000u) {
      row += params.rows;
    }
    if (row == segment) {
      sum += x[first + p * params.inner];
    }
  }
  y[i] = sum;
}
