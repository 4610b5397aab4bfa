// Edge enhancement by two distances to the nearest edge pixel:
//   D = (D_E + D_C) / 2,  w = max(0, 1 - D / R)
//   sharpen: y = round(clip(x + lambda * w * (x - G_s * x), 0, 255)),  map: y = round(255 * w)
// D_E is Euclid's distance, D_C the chamfer distance; G_s a Gaussian cut off at 3 s, x continued outside
// by its outermost pixels. An image without edges has w = 0: sharpen returns it, map gives 0.
//
// Beyond `reach` = 1.18 R neither distance can make w positive, so the transforms need only a window,
// where both have closed forms. In a row of pixels the nearest edge pixel sideways gives the smallest
// of either distance, so both separate into a pass along rows and one along columns, as the blur does.
//
// Layout: x, y f32 [N, H, W], whole numbers 0..255; edges u32 [N, H, W], 0 or 1.
// Threads: one workgroup per image and TILE x TILE pixels. Pass 1 leaves the row sums and the nearest
//   edge sideways in workgroup memory, for the tile and `halo` rows above and below; in pass 2 every
//   thread finishes one pixel.

const TILE: u32 = 16;
const SIZE: u32 = 256; // TILE * TILE invocations
const ROWS: u32 = 1024; // (TILE + 2 * 24) * TILE: the halo may be up to 24 rows
const NONE: u32 = 255; // no edge sideways within reach

struct Params {
  height: u32,
  width: u32,
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

var<workgroup> sums: array<f32, ROWS>;
var<workgroup> nearest: array<u32, ROWS>;

fn chamfer(a: u32, b: u32) -> u32 {
  let long = max(a, b);
  let short = min(a, b);
  if (2u * short <= long) {
    return params.side * (long - 2u * short) + params.knight * short;
  }
  return params.knight * (long - short) + params.diagonal * (2u * short - long);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let width = i32(params.width);
  let height = i32(params.height);
  let halo = i32(params.halo);
  let reach = i32(params.reach);
  let blur = i32(params.blur);
  let first = i32(group.z) * width * height;
  let top = i32(group.y * TILE);
  let column = i32(group.x * TILE + local.x % TILE);
  let rows = (TILE + 2u * params.halo) * TILE;
  let step = params.falloff * params.falloff;

  for (var i = local.x; i < rows; i += SIZE) {
    let row = top + i32(i / TILE) - halo;
    let start = first + clamp(row, 0, height - 1) * width;
    let here = min(column, width - 1);
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
      for (var d = reach; d >= 0; d--) {
        let left = select(0u, edges[start + max(here - d, 0)], here >= d);
        let right = select(0u, edges[start + min(here + d, width - 1)], here + d < width);
        aside = select(aside, u32(d), (left | right) != 0u);
      }
    }
    sums[i] = sum;
    nearest[i] = aside;
  }
  workgroupBarrier();

  let row = top + i32(local.x / TILE);
  if (column >= width || row >= height) {
    return;
  }
  let centre = i32(local.x) + halo * i32(TILE);
  var euclid = NONE * NONE;
  var cost = params.side * NONE;
  for (var d = -reach; d <= reach; d++) {
    let aside = nearest[centre + d * i32(TILE)];
    let down = u32(abs(d));
    euclid = min(euclid, aside * aside + down * down);
    cost = min(cost, chamfer(aside, down));
  }
  let distance = 0.5 * (sqrt(f32(euclid)) + f32(cost) / f32(params.side));
  let w = max(0.0, 1.0 - distance / params.radius);
  let at = first + row * width + column;
  if (params.map == 1u) {
    y[at] = floor(255.0 * w + 0.5);
    return;
  }
  var sum = sums[centre];
  var weight = params.falloff;
  var ratio = params.falloff * step;
  for (var d = 1; d <= blur; d++) {
    sum += weight * (sums[centre - d * i32(TILE)] + sums[centre + d * i32(TILE)]);
    weight *= ratio;
    ratio *= step;
  }
  let value = x[at];
  y[at] = floor(clamp(value + params.lambda * w * (value - sum * params.norm), 0.0, 255.0) + 0.5);
}
