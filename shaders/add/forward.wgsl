// y = a + b, elementwise.
//
// Layout: any, the same for all three; borders are added too (0 + 0 = 0).
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
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
  y[i] = a[i] + b[i];
}
