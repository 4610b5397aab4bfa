// Chamfer distance to the nearest edge pixel, divided by the cost of a step aside: what the two raster
// sweeps of a chamfer mask give, by the mask's closed form. With a >= b >= 0 the displacement,
//   cost = side (a - 2b) + knight b          where 2b <= a
//        = knight (a - b) + diagonal (2b - a)  else
// For masks without knight's moves (3-4, 1-1) knight = side + diagonal, and both lines are
// side (a - b) + diagonal b.
// An image without edges has the distance height + width everywhere.
//
// Layout: vertical u32 [N, H, W] as columns.wgsl leaves it; distance f32 [N, H, W].
// Threads: one per pixel. At a given number of columns aside the nearest edge pixel in the column costs
//   least, so the search goes outwards column by column, as in euclidean.wgsl.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // N * H * W
  width: u32,
  side: u32,
  diagonal: u32,
  knight: u32,
}

@group(0) @binding(0) var<storage, read> vertical: array<u32>;
@group(0) @binding(1) var<storage, read_write> distance: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn chamfer(a: u32, b: u32) -> u32 {
  let long = max(a, b);
  let short = min(a, b);
  if (2u * short <= long) {
    return params.side * (long - 2u * short) + params.knight * short;
  }
  return params.knight * (long - short) + params.diagonal * (2u * short - long);
}

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
  var best = params.side * vertical[i];
  for (var d = 1u; d < params.width && d * params.side < best; d++) {
    if (d <= x) {
      best = min(best, chamfer(d, vertical[i - d]));
    }
    if (x + d < params.width) {
      best = min(best, chamfer(d, vertical[i + d]));
    }
  }
  distance[i] = f32(best) / f32(params.side);
}
