// Contrast-limited adaptive histogram equalization of pictures of any values (scikit-image's equalize_adapthist),
// last of three parts: every pixel through the tables of the four tiles whose middles surround it, weighed by its place
// between them; at the image's edge the nearest tile counts twice. What comes out is stretched to 0..1:
//   z = floor(mean of the four),  y = (z - min z) / (max z - min z); min(z, 1) where all are equal
//
// Layout: bin [N, H, W] u32; table u32 [N, tiles_y, tiles_x, bins]; y [N, H, W] f32 in 0..1.
// Threads: one workgroup per image; each invocation stretches the pixels that it looked up itself.

const SIZE: u32 = 64; // invocations
const TOP: f32 = 16383.0;

struct Params {
  height: u32,
  width: u32,
  tiles_y: u32,
  tiles_x: u32,
  tile_height: u32,
  tile_width: u32, // tile_height * tile_width * 16383 fits 32 bits
  bins: u32,
}

@group(0) @binding(0) var<storage, read> bin: array<u32>;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> lows: array<f32, SIZE>;
var<workgroup> highs: array<f32, SIZE>;

fn entry(image: u32, tile_y: u32, tile_x: u32, k: u32) -> u32 {
  return table[((image * params.tiles_y + tile_y) * params.tiles_x + tile_x) * params.bins + k];
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let pixels = params.height * params.width;
  let first = group.x * pixels;
  var low = TOP;
  var high = 0.0;
  for (var i = t; i < pixels; i += SIZE) {
    let k = bin[first + i];
    let place_y = i / params.width + params.tile_height / 2u;
    let place_x = i % params.width + params.tile_width / 2u;
    let next_y = place_y / params.tile_height; // tile of the middle below, one too much above
    let next_x = place_x / params.tile_width;
    let weight_y = place_y % params.tile_height;
    let weight_x = place_x % params.tile_width;
    let y0 = max(next_y, 1u) - 1u;
    let y1 = min(next_y, params.tiles_y - 1u);
    let x0 = max(next_x, 1u) - 1u;
    let x1 = min(next_x, params.tiles_x - 1u);
    let left = params.tile_width - weight_x;
    let upper = entry(group.x, y0, x0, k) * left + entry(group.x, y0, x1, k) * weight_x;
    let lower = entry(group.x, y1, x0, k) * left + entry(group.x, y1, x1, k) * weight_x;
    let sum = upper * (params.tile_height - weight_y) + lower * weight_y;
    let value = f32(sum / (params.tile_height * params.tile_width));
    y[first + i] = value;
    low = min(low, value);
    high = max(high, value);
  }
  lows[t] = low;
  highs[t] = high;
  workgroupBarrier();
  for (var i = 0u; i < SIZE; i++) {
    low = min(low, lows[i]);
    high = max(high, highs[i]);
  }
  for (var i = first + t; i < first + pixels; i += SIZE) {
    let value = y[i];
    y[i] = select(min(value, 1.0), (value - low) / max(high - low, 1.0), low < high);
  }
}
