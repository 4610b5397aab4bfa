// Distance to the nearest edge pixel in the same column; height + width where the column has none.
//
// Layout: edges u32 [N, H, W], 0 or 1; vertical u32 [N, H, W].
// Threads: one per image and column; one sweep down, one up.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32,
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> edges: array<u32>;
@group(0) @binding(1) var<storage, read_write> vertical: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let thread = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let image = thread / params.width;
  if (image >= params.images) {
    return;
  }
  let none = params.height + params.width;
  let first = image * params.height * params.width + thread % params.width;
  var distance = none;
  for (var y = 0u; y < params.height; y++) {
    let at = first + y * params.width;
    distance = select(min(distance + 1u, none), 0u, edges[at] != 0u);
    vertical[at] = distance;
  }
  for (var y = params.height; y > 0u; y--) {
    let at = first + (y - 1u) * params.width;
    distance = min(distance + 1u, vertical[at]);
    vertical[at] = distance;
  }
}
