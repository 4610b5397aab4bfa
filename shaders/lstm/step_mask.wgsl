// y[t, n] = 1 where sample n takes step t (t < lengths[n]), else 0.
//
// Layout: lengths [N], y [T, N], dense.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // T * N
  samples: u32, // N
}

@group(0) @binding(0) var<storage, read> lengths: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
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
  y[at] = select(0.0, 1.0, at / params.samples < lengths[at % params.samples]);
}
