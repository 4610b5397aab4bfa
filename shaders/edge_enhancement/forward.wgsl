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
//   `halo` rows above and below; pass 2 finishes the pixels. A thread takes four pixels at once, in pass 1 of a row,
//   in pass 2 of a column: one step outwards on either side, three of the four neighbours at that distance
//   are those of the step before, moved on by one. Both look for edges outwards, and stop where
//   nothing nearer can come: in a face that is after a step or two.

const TILE: i32 = 8;
const NONE: u32 = 255; // no edge sideways within reach

override WORKGROUP_SIZE: u32 = 64;
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

var<workgroup> sums: array<f32, ROWS * u32(TILE)>;
var<workgroup> nearest: array<u32, ROWS * u32(TILE)>;

fn chamfer(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  let long = max(a, b);
  let short = min(a, b);
  let flat = params.side * (long - 2u * short) + params.knight * short;
  let steep = params.knight * (long - short) + params.diagonal * (2u * short - long);
  return select(steep, flat, 2u * short <= long);
}

// Whether there is an edge in this column of the row that begins at `start`; outside there is none.
fn edge_at(start: i32, column: i32) -> u32 {
  if (column < 0 || column >= i32(params.width)) {
    return 0u;
  }
  return edges[start + column];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let width = i32(params.width);
  let height = i32(params.height);
  let halo = i32(params.halo);
  let reach = i32(params.reach);
  let blur = i32(params.blur);
  let first = i32(group.z) * width * height;
  let top = i32(group.y * params.tile_height);
  let bottom = min(top + i32(params.tile_height), height);
  let left_end = i32(group.x) * TILE;
  let blocks = (bottom - top + 3) / 4; // of four rows
  let step = params.falloff * params.falloff;

  for (var i = i32(local); i < (4 * blocks + 2 * halo) * (TILE / 4); i += i32(WORKGROUP_SIZE)) {
    let row = top - halo + i / (TILE / 4);
    let left = left_end + i % (TILE / 4) * 4;
    let start = first + clamp(row, 0, height - 1) * width;
    var sum = vec4(
      x[start + min(left, width - 1)],
      x[start + min(left + 1, width - 1)],
      x[start + min(left + 2, width - 1)],
      x[start + min(left + 3, width - 1)],
    );
    var before = sum;
    var after = sum;
    var weight = params.falloff;
    var ratio = params.falloff * step;
    for (var d = 1; d <= blur; d++) {
      before = vec4(x[start + clamp(left - d, 0, width - 1)], before.xyz);
      after = vec4(after.yzw, x[start + min(left + 3 + d, width - 1)]);
      sum += weight * (before + after);
      weight *= ratio;
      ratio *= step;
    }
    var aside = vec4(NONE);
    if (row >= 0 && row < height) {
      var ahead = vec4(
        edge_at(start, left),
        edge_at(start, left + 1),
        edge_at(start, left + 2),
        edge_at(start, left + 3),
      );
      var behind = ahead;
      aside = select(aside, vec4(0u), ahead != vec4(0u));
      for (var d = 1; d <= reach && any(aside == vec4(NONE)); d++) {
        behind = vec4(edge_at(start, left - d), behind.xyz);
        ahead = vec4(ahead.yzw, edge_at(start, left + 3 + d));
        aside = select(aside, min(aside, vec4(u32(d))), (behind | ahead) != vec4(0u));
      }
    }
    for (var k = 0; k < 4; k++) {
      sums[4 * i + k] = sum[k];
      nearest[4 * i + k] = aside[k];
    }
  }
  workgroupBarrier();

  for (var i = i32(local); i < blocks * TILE; i += i32(WORKGROUP_SIZE)) {
    let row = top + i / TILE * 4;
    let column = left_end + i % TILE;
    if (column >= width) {
      continue;
    }
    let centre = (row - top + halo) * TILE + i % TILE;
    let straight = vec4(
      nearest[centre],
      nearest[centre + TILE],
      nearest[centre + 2 * TILE],
      nearest[centre + 3 * TILE],
    );
    var euclid = straight * straight;
    var cost = params.side * straight;
    var above = straight;
    var below = straight;
    for (var d = 1; d <= reach; d++) {
      let down = u32(d);
      if (all(vec4(down * down) >= euclid) && all(vec4(params.side * down) >= cost)) {
        break;
      }
      above = vec4(nearest[centre - d * TILE], above.xyz);
      below = vec4(below.yzw, nearest[centre + (3 + d) * TILE]);
      let aside = min(above, below);
      euclid = min(euclid, aside * aside + down * down);
      cost = min(cost, chamfer(aside, vec4(down)));
    }
    let distance = 0.5 * (sqrt(vec4<f32>(euclid)) + vec4<f32>(cost) / f32(params.side));
    let w = max(vec4(0.0), 1.0 - distance / params.radius);
    let at = first + row * width + column;
    if (params.map == 1u) {
      for (var k = 0; k < min(4, bottom - row); k++) {
        y[at + k * width] = floor(255.0 * w[k] + 0.5);
      }
      continue;
    }
    var sum = vec4(
      sums[centre],
      sums[centre + TILE],
      sums[centre + 2 * TILE],
      sums[centre + 3 * TILE],
    );
    var up = sum;
    var under = sum;
    var weight = params.falloff;
    var ratio = params.falloff * step;
    for (var d = 1; d <= blur; d++) {
      up = vec4(sums[centre - d * TILE], up.xyz);
      under = vec4(under.yzw, sums[centre + (3 + d) * TILE]);
      sum += weight * (up + under);
      weight *= ratio;
      ratio *= step;
    }
    for (var k = 0; k < min(4, bottom - row); k++) {
      let value = x[at + k * width];
      let sharp = value + params.lambda * w[k] * (value - sum[k] * params.norm);
      y[at + k * width] = floor(clamp(sharp, 0.0, 255.0) + 0.5);
    }
  }
}
