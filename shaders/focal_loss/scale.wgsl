// dx = dlogits * dy: the gradient that forward.wgsl found on the way, times that of the loss.
//
// Layout: dlogits and dx [N, K], dy [N], or with REDUCED one number for all samples.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;
override REDUCED: u32 = 1;

struct Params {
  length: u32, // N * K
  classes: u32, // K
}

@group(0) @binding(0) var<storage, read> dlogits: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
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
  dx[i] = dlogits[i] * dy[select(i / params.classes, 0u, REDUCED == 1u)];
}
