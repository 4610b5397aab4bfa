// Weighted thresholded histogram equalization (Wang and Ward 2007), one image at a time:
//   n(k)  = pixels of grey level k, k = 0..255
//   upper = v * max n,  lower = P_l * H * W
//   w(k)  = 0 where n(k) < lower, else (min(n(k), upper) - lower)^r
//   y     = round(255 * sum_{m <= k} w(m) / sum_m w(m)) at a pixel of level k
// With FROM_LOWEST (OpenCV's equalizeHist) the lowest level that has weight becomes 0: its weight w0 is taken off both,
//   y     = round(255 * (sum_{m <= k} w(m) - w0) / (sum_m w(m) - w0))
// An image with one level of weight, or with upper <= lower, is returned as it is.
//
// Layout: x and y [N, H, W], whole numbers 0..255.
// Threads: one workgroup per image. Its threads count the pixels together; then each weighs some levels of
//   its own and adds up the sums of the threads before it.
// Weights are rounded to whole numbers and everything after is integer arithmetic, so that the result
//   does not depend on the order of the sum; with r = 1 it is the same on every adapter, and with
//   v = r = 1, P_l = 0 the weights are the counts times `scale`: plain equalization, exact.

override FROM_LOWEST: u32 = 0;
override WORKGROUP_SIZE: u32 = 64;

const LEVELS: u32 = 256;
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

var<workgroup> counts: array<atomic<u32>, LEVELS>; // of pixels, in the end the level that each becomes
var<workgroup> peak: atomic<u32>;
var<workgroup> sums: array<u32, WORKGROUP_SIZE>;
var<workgroup> unchanged: u32;
var<workgroup> lowest: atomic<u32>; // level that has weight

fn level(value: f32) -> u32 {
  return min(u32(value + 0.5), 255u);
}

fn weigh(count: u32, upper: f32) -> u32 {
  if (count == 0u || f32(count) < params.lower || upper <= params.lower) {
    return 0u;
  }
  let excess = min(f32(count), upper) - params.lower;
  if (params.r == 1.0) {
    return u32(round(excess * params.scale));
  }
  return u32(round(pow(excess / (upper - params.lower), params.r) * TOP));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first = group.x * params.pixels;
  for (var k = t; k < LEVELS; k += WORKGROUP_SIZE) {
    atomicStore(&counts[k], 0u);
  }
  if (t == 0u) {
    atomicStore(&peak, 0u);
    atomicStore(&lowest, LEVELS - 1u);
    unchanged = 0u;
  }
  workgroupBarrier();
  for (var i = t; i < params.pixels; i += WORKGROUP_SIZE) {
    atomicAdd(&counts[level(x[first + i])], 1u);
  }
  workgroupBarrier();
  let levels = LEVELS / WORKGROUP_SIZE; // of each thread
  let start = t * levels;
  var most = 0u;
  for (var k = start; k < start + levels; k++) {
    most = max(most, atomicLoad(&counts[k]));
  }
  atomicMax(&peak, most);
  workgroupBarrier();

  let upper = params.v * f32(atomicLoad(&peak));
  var own = 0u;
  for (var k = start; k < start + levels; k++) {
    let weight = weigh(atomicLoad(&counts[k]), upper);
    own += weight;
    if (weight > 0u) {
      atomicMin(&lowest, k);
    }
  }
  sums[t] = own;
  workgroupBarrier();
  var sum = 0u; // of the levels before k
  var total = 0u;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += select(0u, sums[i], i < t);
    total += sums[i];
  }
  var off = 0u; // the lowest level's weight
  if (FROM_LOWEST == 1u) {
    off = weigh(atomicLoad(&counts[atomicLoad(&lowest)]), upper);
  }
  workgroupBarrier(); // each thread writes over its own counts now
  for (var k = start; k < start + levels; k++) {
    let weight = weigh(atomicLoad(&counts[k]), upper);
    sum += weight;
    if (weight == total && (total > 0u || k == 0u)) {
      unchanged = 1u; // one level holds all the weight, or none has any
    }
    // round(255 * sum / total): 510 * 2^23 + 2^23 still fits 32 bits.
    let over = max(sum, off) - off;
    let all = total - off;
    atomicStore(&counts[k], (510u * over + all) / max(2u * all, 1u));
  }
  workgroupBarrier();
  let keep = unchanged == 1u;
  for (var i = t; i < params.pixels; i += WORKGROUP_SIZE) {
    let value = x[first + i];
    y[first + i] = select(f32(atomicLoad(&counts[level(value)])), value, keep);
  }
}
