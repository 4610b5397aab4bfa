// dbias[g, m] = sum over n of dy[g, n, m].
//
// Layout: dy [G, N, M], dbias [G, M], both dense.
// Threads: one per (g, m), m fastest, so that neighbours read neighbouring numbers. The samples are
// added in order, so that the sum has the same bits every run.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  groups: u32, // G
  rows: u32, // N
  out_features: u32, // M
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dbias: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.groups * params.out_features) {
    return;
  }
  let g = id.x / params.out_features;
  let m = id.x % params.out_features;
  var sum = 0.0;
  for (var n = 0u; n < params.rows; n++) {
    sum += dy[(g * params.rows + n) * params.out_features + m];
  }
  dbias[id.x] = sum;
}
