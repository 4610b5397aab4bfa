// Exact Euclidean distance to the nearest edge pixel:
//   distance = sqrt(min over columns u of (x - u)^2 + vertical(u)^2), or its square
// An image without edges has the distance height + width everywhere.
//
// Layout: vertical u32 [N, H, W] as columns.wgsl leaves it; distance f32 [N, H, W].
// Threads: one per pixel. It looks outwards column by column and stops where columns are farther away than
//   the best found: exact, and short where edges are near. Whole numbers up to the square root.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // N * H * W
  width: u32,
  squared: u32, // 1 to leave out the square root
}

@group(0) @binding(0) var<storage, read> vertical: array<u32>;
@group(0) @binding(1) var<storage, read_write> distance: array<f32>;
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
  let x = i % params.width;
  var best = vertical[i] * vertical[i];
  for (var d = 1u; d < params.width && d * d < best; d++) {
    if (d <= x) {
      best = min(best, d * d + vertical[i - d] * vertical[i - d]);
    }
    if (x + d < params.width) {
      best = min(best, d * d + vertical[i + d] * vertical[i + d]);
    }
  }
  distance[i] = select(sqrt(f32(best)), f32(best), params.squared == 1u);
}
