// dx[o, k, i] = dy[o, i] where k is the index of the largest (smallest) element, else 0.
//
// Layout: dx [outer, K, inner], indices and dy [outer, inner], dense.
// Threads: one per element of dx.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * K * inner
  terms: u32, // K
  inner: u32,
}

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
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
  let k = at / params.inner % params.terms;
  let source = at / (params.terms * params.inner) * params.inner + at % params.inner;
  dx[at] = select(0.0, dy[source], indices[source] == k);
}
