// Exact Euclidean distance to the nearest edge pixel:
//   distance = sqrt(min over columns u of (x - u)^2 + vertical(u)^2), or its square
// With SAMPLED a pixel is step_x wide and step_y high: (x - u) * step_x and vertical(u) * step_y, in floats.
// An image without edges has the distance height + width everywhere (then height * step_y + width * step_x).
//
// Layout: vertical u32 [N, H, W] as columns.wgsl leaves it; distance f32 [N, H, W].
// Threads: one per pixel. It looks outwards column by column and stops where columns are farther away than
//   the best found: exact, and short where edges are near. Whole numbers up to the square root.

override WORKGROUP_SIZE: u32 = 64;
override SAMPLED: u32 = 0;

struct Params {
  length: u32, // N * H * W
  width: u32,
  squared: u32, // 1 to leave out the square root
  height: u32,
  step_x: f32,
  step_y: f32,
}

@group(0) @binding(0) var<storage, read> vertical: array<u32>;
@group(0) @binding(1) var<storage, read_write> distance: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The square of the way down or up to the edge of a column; endless where it has none.
fn down(at: u32) -> f32 {
  let way = f32(vertical[at]) * params.step_y;
  return select(way * way, 3.4e38, vertical[at] >= params.height + params.width);
}

fn sampled(i: u32, x: u32) -> f32 {
  var best = down(i);
  for (var d = 1u; d < params.width; d++) {
    let aside = f32(d) * params.step_x;
    if (aside * aside >= best) {
      break;
    }
    if (x >= d) {
      best = min(best, aside * aside + down(i - d));
    }
    if (x + d < params.width) {
      best = min(best, aside * aside + down(i + d));
    }
  }
  if (best >= 3.4e38) {
    let none = f32(params.height) * params.step_y + f32(params.width) * params.step_x;
    return none * none;
  }
  return best;
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
  if (SAMPLED == 1u) {
    let square = sampled(i, x);
    distance[i] = select(sqrt(square), square, params.squared == 1u);
    return;
  }
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
