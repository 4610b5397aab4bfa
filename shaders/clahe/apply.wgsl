// Contrast-limited adaptive histogram equalization, second half: every pixel through the tables of the four tiles
// whose middles surround it, weighed by its place between them. At the image's edge the nearest tile counts twice.
// The weights are whole numbers over 4 * tile_width * tile_height, so the mean is exact; halves go to the
// even number, as rounding of float32 does.
//
// Layout: x and y [N, H, W], whole numbers 0..255; table u32 [N, tiles_y, tiles_x, 256] from tables.wgsl.
// Threads: one per pixel.

override WORKGROUP_SIZE: u32 = 64;

const LEVELS: u32 = 256;

struct Params {
  length: u32, // N * H * W
  height: u32,
  width: u32,
  tiles_y: u32,
  tiles_x: u32,
  tile_height: u32,
  tile_width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn entry(image: u32, tile_y: u32, tile_x: u32, level: u32) -> u32 {
  return table[((image * params.tiles_y + tile_y) * params.tiles_x + tile_x) * LEVELS + level];
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
  let image = i / params.width / params.height;
  let level = min(u32(x[i] + 0.5), 255u);
  // Twice the place among tile middles, one tile further so that it stays positive: a whole number of 2 * extents.
  let place_y = 2u * (i / params.width % params.height) + params.tile_height;
  let place_x = 2u * (i % params.width) + params.tile_width;
  let below = place_y / (2u * params.tile_height); // tile of the middle below, one too much above
  let right = place_x / (2u * params.tile_width);
  let weight_y = place_y % (2u * params.tile_height);
  let weight_x = place_x % (2u * params.tile_width);
  let y0 = max(below, 1u) - 1u;
  let y1 = min(below, params.tiles_y - 1u);
  let x0 = max(right, 1u) - 1u;
  let x1 = min(right, params.tiles_x - 1u);
  let left_y = 2u * params.tile_height - weight_y;
  let left_x = 2u * params.tile_width - weight_x;
  let upper = entry(image, y0, x0, level) * left_x + entry(image, y0, x1, level) * weight_x;
  let lower = entry(image, y1, x0, level) * left_x + entry(image, y1, x1, level) * weight_x;
  let sum = upper * left_y + lower * weight_y;
  let whole = 4u * params.tile_width * params.tile_height;
  var value = sum / whole;
  let rest = sum % whole;
  if (2u * rest > whole || (2u * rest == whole && value % 2u == 1u)) {
    value += 1u;
  }
  y[i] = f32(value);
}
