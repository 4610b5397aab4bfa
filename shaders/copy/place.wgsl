// y[o, begin + k, i] = x[o, k, i]: x as a part of y, along one axis. What lies around it in y stays; the parts of a
// concatenation cover it between them.
//
// Layout: x [outer, K, inner], y [outer, L, inner], dense. Elements are copied as bits, whatever their type.
// Threads: one per element of x.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * K * inner
  extent: u32, // K
  y_extent: u32, // L
  inner: u32,
  begin: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  let row = params.extent * params.inner;
  y[(at / row * params.y_extent + params.begin) * params.inner + at % row] = x[at];
}
