// y[o, p, i] = x[o, indices[p], i]: rows of x along one axis, picked by number.
// A number past the end gives zeros; with SIGNED negative ones count from the end, as in Python.
//
// Layout: x [outer, K, inner], indices [P], y [outer, P, inner], dense.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;
override SIGNED: u32 = 0; // 1: indices hold i32

struct Params {
  length: u32, // outer * P * inner
  picks: u32, // P
  rows: u32, // K
  inner: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
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
  let pick = i / params.inner % params.picks;
  let outer = i / params.inner / params.picks;
  var row = indices[pick];
  if (SIGNED == 1u && row >= 0x80000000u) {
    row += params.rows; // two's complement: wraps to rows - |row|
  }
  var value = 0.0;
  if (row < params.rows) {
    value = x[(outer * params.rows + row) * params.inner + i % params.inner];
  }
  y[i] = value;
}
