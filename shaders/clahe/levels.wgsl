// Contrast-limited adaptive histogram equalization of pictures of any values (scikit-image's equalize_adapthist),
// first of three parts: the bin of every pixel.
//   low, high = least and greatest value of the image
//   bin       = round((x - low) / (high - low) * 16383) / bin_size; 0 where all are equal
//
// Layout: x [N, H, W] f32; bin [N, H, W] u32.
// Threads: one workgroup per image. They find the range together, then each goes over its pixels once more.

const SIZE: u32 = 64; // invocations
const TOP: f32 = 16383.0;
const LARGEST: f32 = 3.4028234e38;

struct Params {
  pixels: u32, // H * W
  bin_size: u32, // levels of a bin
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> bin: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> lows: array<f32, SIZE>;
var<workgroup> highs: array<f32, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first = group.x * params.pixels;
  var low = LARGEST;
  var high = -LARGEST;
  for (var i = first + t; i < first + params.pixels; i += SIZE) {
    low = min(low, x[i]);
    high = max(high, x[i]);
  }
  lows[t] = low;
  highs[t] = high;
  workgroupBarrier();
  for (var i = 0u; i < SIZE; i++) {
    low = min(low, lows[i]);
    high = max(high, highs[i]);
  }
  var scale = 0.0;
  if (low < high) {
    scale = TOP / (high - low);
  }
  for (var i = first + t; i < first + params.pixels; i += SIZE) {
    bin[i] = u32(min(round((x[i] - low) * scale), TOP)) / params.bin_size;
  }
}
