// Weighted thresholded histogram equalization (Wang and Ward 2007), one image at a time:
//   n(k)  = pixels of grey level k, k = 0..255
//   upper = v * max n,  lower = P_l * H * W
//   w(k)  = 0 where n(k) < lower, else (min(n(k), upper) - lower)^r
//   y     = round(255 * sum_{m <= k} w(m) / sum_m w(m)) at a pixel of level k
// An image with one level of weight, or with upper <= lower, is returned as it is.
//
// Layout: x and y [N, H, W], whole numbers 0..255.
// Threads: one workgroup per image, one thread per grey level. They count the pixels together, then
//   each weighs its own level and they add up the levels before it.
// Weights are rounded to whole numbers and everything after is integer arithmetic, so that the result
//   does not depend on the order of the sum; with r = 1 it is the same on every adapter, and with
//   v = r = 1, P_l = 0 the weights are the counts themselves: plain equalization, exact.

const LEVELS: u32 = 256;
const SUMS: u32 = 512; // two rows of LEVELS: the prefix sum reads one and writes the other
const TOP: f32 = 16384.0; // largest weight where r is not 1: 256 of them are within 2^22

struct Params {
  pixels: u32, // H * W
  v: f32,
  r: f32,
  lower: f32, // P_l * H * W
  scale: f32, // power of two: weight of one pixel where r is 1, so that all are within 2^23
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<atomic<u32>, LEVELS>;
var<workgroup> peak: atomic<u32>;
var<workgroup> sums: array<u32, SUMS>;
var<workgroup> table: array<f32, LEVELS>;
var<workgroup> unchanged: u32;

fn level(value: f32) -> u32 {
  return min(u32(value + 0.5), 255u);
}

@compute @workgroup_size(LEVELS)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let k = local.x;
  let first = group.x * params.pixels;
  atomicStore(&counts[k], 0u);
  if (k == 0u) {
    atomicStore(&peak, 0u);
    unchanged = 0u;
  }
  workgroupBarrier();
  for (var i = k; i < params.pixels; i += LEVELS) {
    atomicAdd(&counts[level(x[first + i])], 1u);
  }
  workgroupBarrier();
  let count = atomicLoad(&counts[k]);
  atomicMax(&peak, count);
  workgroupBarrier();

  let upper = params.v * f32(atomicLoad(&peak));
  var weight = 0u;
  if (count > 0u && f32(count) >= params.lower && upper > params.lower) {
    let excess = min(f32(count), upper) - params.lower;
    if (params.r == 1.0) {
      weight = u32(round(excess * params.scale));
    } else {
      weight = u32(round(pow(excess / (upper - params.lower), params.r) * TOP));
    }
  }

  // Prefix sum in 8 doubling steps, from one row of `sums` to the other.
  sums[k] = weight;
  workgroupBarrier();
  var row = 0u;
  for (var distance = 1u; distance < LEVELS; distance *= 2u) {
    var sum = sums[row + k];
    if (k >= distance) {
      sum += sums[row + k - distance];
    }
    row = LEVELS - row;
    sums[row + k] = sum;
    workgroupBarrier();
  }
  let total = sums[row + LEVELS - 1u];
  if (weight == total && (total > 0u || k == 0u)) {
    unchanged = 1u; // one level holds all the weight, or none has any
  }
  // round(255 * sum / total): 510 * 2^23 + 2^23 still fits 32 bits.
  table[k] = f32((510u * sums[row + k] + total) / max(2u * total, 1u));
  workgroupBarrier();
  let keep = unchanged == 1u;
  for (var i = k; i < params.pixels; i += LEVELS) {
    let value = x[first + i];
    y[first + i] = select(table[level(value)], value, keep);
  }
}
