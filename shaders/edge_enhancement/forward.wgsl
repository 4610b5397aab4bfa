// Edge enhancement by two distances to the nearest edge pixel:
//   D = (D_E + D_C) / 2,  w = max(0, 1 - D / R)
//   sharpen: y = round(clip(x + lambda * w * (x - G_s * x), 0, 255)),  map: y = round(255 * w)
// D_E is Euclid's distance, D_C the chamfer distance; G_s a Gaussian cut off at 3 s, x continued outside
// by its outermost pixels. An image without edges has w = 0: sharpen returns it, map gives 0.
//
// Beyond `reach` = floor(1.172 R) neither distance can make w positive, so the transforms need only a window,
// where both have closed forms. In a row of pixels the nearest edge pixel sideways gives the smallest
// of either distance, so both separate into a pass along rows and one along columns, as the blur does.
//
// Layout: x, y f32 [N, H, W], whole numbers 0..255; edges u32 [N, H, W], 0 or 1.
// Threads: one workgroup per image and tile, TILE columns wide and as many rows high as workgroup memory
//   leaves. Pass 1 leaves the row sums and the nearest edge sideways in workgroup memory, for the tile and
//   `halo` rows above and below; pass 2 finishes the pixels. Both look for edges from the pixel outwards,
//   and stop where nothing nearer can come: in a face that is after a step or two.

const TILE: u32 = 16;
const SIZE: u32 = 64; // invocations
const NONE: u32 = 255; // no edge sideways within reach

override ROWS: u32 = 64; // of a tile with its halo, which may be up to 24 rows on either side

struct Params {
  height: u32,
  width: u32,
  tile_height: u32,
  reach: u32, // rows and columns in which edges are looked for
  blur: u32, // and in which the Gaussian is summed
  halo: u32, // the larger of the two
  falloff: f32, // exp(-1 / (2 s^2)); the Gaussian's value at d is falloff^(d^2)
  norm: f32, // 1 / sum of the Gaussian, squared for both directions
  side: u32, // chamfer mask: cost of a step aside, of a diagonal one and of a knight's move;
  diagonal: u32,
  knight: u32, // side + diagonal where the mask has none
  radius: f32, // R
  lambda: f32,
  map: u32, // 1 for mode `map`
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> edges: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<f32, ROWS * TILE>;
var<workgroup> nearest: array<u32, ROWS * TILE>;

fn chamfer(a: u32, b: u32) -> u32 {
  let long = max(a, b);
  let short = min(a, b);
  if (2u * short <= long) {
    return params.side * (long - 2u * short) + params.knight * short;
  }
  return params.knight * (long - short) + params.diagonal * (2u * short - long);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let width = i32(params.width);
  let height = i32(params.height);
  let halo = i32(params.halo);
  let reach = i32(params.reach);
  let blur = i32(params.blur);
  let first = i32(group.z) * width * height;
  let top = i32(group.y * params.tile_height);
  let bottom = min(top + i32(params.tile_height), height);
  let left_end = i32(group.x * TILE);
  let step = params.falloff * params.falloff;

  let above = top - halo;
  for (var i = local; i < u32(bottom + halo - above) * TILE; i += SIZE) {
    let row = above + i32(i / TILE);
    let start = first + clamp(row, 0, height - 1) * width;
    let here = min(left_end + i32(i % TILE), width - 1);
    var sum = x[start + here];
    var weight = params.falloff;
    var ratio = params.falloff * step;
    for (var d = 1; d <= blur; d++) {
      sum += weight * (x[start + max(here - d, 0)] + x[start + min(here + d, width - 1)]);
      weight *= ratio;
      ratio *= step;
    }
    var aside = NONE;
    if (row >= 0 && row < height) {
      for (var d = 0; d <= reach; d++) {
        let left = select(0u, edges[start + max(here - d, 0)], here >= d);
        let right = select(0u, edges[start + min(here + d, width - 1)], here + d < width);
        if ((left | right) != 0u) {
          aside = u32(d);
          break;
        }
      }
    }
    sums[i] = sum;
    nearest[i] = aside;
  }
  workgroupBarrier();

  for (var i = local; i < u32(bottom - top) * TILE; i += SIZE) {
    let row = top + i32(i / TILE);
    let column = left_end + i32(i % TILE);
    if (column >= width) {
      continue;
    }
    let centre = i32(i) + halo * i32(TILE);
    let straight = nearest[centre];
    var euclid = straight * straight;
    var cost = params.side * straight;
    for (var d = 1; d <= reach; d++) {
      let down = u32(d);
      if (down * down >= euclid && params.side * down >= cost) {
        break;
      }
      let aside = min(nearest[centre - d * i32(TILE)], nearest[centre + d * i32(TILE)]);
      euclid = min(euclid, aside * aside + down * down);
      cost = min(cost, chamfer(aside, down));
    }
    let distance = 0.5 * (sqrt(f32(euclid)) + f32(cost) / f32(params.side));
    let w = max(0.0, 1.0 - distance / params.radius);
    let at = first + row * width + column;
    if (params.map == 1u) {
      y[at] = floor(255.0 * w + 0.5);
      continue;
    }
    let value = x[at];
    var sum = sums[centre];
    var weight = params.falloff;
    var ratio = params.falloff * step;
    for (var d = 1; d <= blur; d++) {
      sum += weight * (sums[centre - d * i32(TILE)] + sums[centre + d * i32(TILE)]);
      weight *= ratio;
      ratio *= step;
    }
    y[at] = floor(clamp(value + params.lambda * w * (value - sum * params.norm), 0.0, 255.0) + 0.5);
  }
}
