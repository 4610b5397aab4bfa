// Chamfer distance by the two raster sweeps (Borgefors 1986), for any mask of 3x3 or 5x5 costs:
//   down, left to right:  d(p) = min(d(p), d(p + k) + mask(k)) over the k above, and to the left
//   up, right to left:    the same over the k below, and to the right
// The result is d times `scale`; an image without edges has the distance height + width everywhere. For the
// usual masks chamfer.wgsl gives the same in closed form, and without waiting.
//
// Layout: edges u32 [N, H, W]; mask f32 [K, K], K = 3 or 5, entry (R + dy, R + dx) the cost of the
// neighbour (x + dx, y + dy), R = K / 2 (the one in the middle is not read); distance f32 [N, H, W].
// Threads: one workgroup per image, rows in turn. All threads take what comes from other rows, a pixel each; what
//   comes along the row has to wait for its neighbour, so one thread walks it.

override WORKGROUP_SIZE: u32 = 64;

const NONE: f32 = 1e38;
const FAR: f32 = 1e30; // a cost that is never paid

struct Params {
  height: u32,
  width: u32,
  side: u32, // K
  scale: f32,
}

@group(0) @binding(0) var<storage, read> edges: array<u32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> distance: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn cost(row: u32, column: u32) -> f32 {
  return min(mask[row * params.side + column], FAR);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = params.width;
  let height = params.height;
  let radius = params.side / 2u;
  let image = group.x * height * width;
  for (var sweep = 0u; sweep < 2u; sweep++) {
    for (var r = 0u; r < height; r++) {
      let y = select(r, height - 1u - r, sweep == 1u);
      let row = image + y * width;
      for (var x = lane; x < width; x += WORKGROUP_SIZE) {
        var best = NONE;
        if (sweep == 1u) {
          best = distance[row + x];
        } else if (edges[row + x] != 0u) {
          best = 0.0;
        }
        for (var dy = 1u; dy <= min(radius, r); dy++) {
          let other = select(row - dy * width, row + dy * width, sweep == 1u);
          let line = select(radius - dy, radius + dy, sweep == 1u);
          for (var column = 0u; column < params.side; column++) {
            let u = x + column - radius; // wraps around left of the image, and is then too large
            if (u < width) {
              best = min(best, distance[other + u] + cost(line, column));
            }
          }
        }
        distance[row + x] = best;
      }
      storageBarrier();
      if (lane == 0u) {
        for (var step = 0u; step < width; step++) {
          let x = select(step, width - 1u - step, sweep == 1u);
          var best = distance[row + x];
          for (var dx = 1u; dx <= min(radius, step); dx++) {
            let u = select(x - dx, x + dx, sweep == 1u);
            let column = select(radius - dx, radius + dx, sweep == 1u);
            best = min(best, distance[row + u] + cost(radius, column));
          }
          distance[row + x] = best;
        }
      }
      storageBarrier();
    }
  }
  var nan = 0.0; // or the NaN in the mask, which a minimum may drop
  for (var i = 0u; i < params.side * params.side; i++) {
    nan = select(nan, mask[i], is_nan(mask[i]));
  }
  for (var i = lane; i < height * width; i += WORKGROUP_SIZE) {
    let d = distance[image + i];
    distance[image + i] = select(d * params.scale, f32(height + width), d >= FAR) + nan;
  }
}
