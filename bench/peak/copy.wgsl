// What the adapter's memory can do at best: one long copy, 16 bytes at a time.
//
//   y = x
//
// Layout: x, y [4 * length]. Threads: a vec4 each, neighbours beside each other.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  y[i] = x[i];
}
