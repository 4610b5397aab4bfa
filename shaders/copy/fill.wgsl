// y = value, everywhere.
//
// Layout: any.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32,
  value: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
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
  y[at] = params.value;
}
