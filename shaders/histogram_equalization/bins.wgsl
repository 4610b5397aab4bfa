// Histogram equalization of pictures of any values, by equal bins, perhaps counted under a mask only; as scikit-image's
// equalize_hist. One image at a time:
//   low, high = least and greatest value under the mask (low - 1/2 and low + 1/2 where they are equal)
//   n(k)      = pixels under the mask in bin k of BINS, c(k) = its centre
//   y         = sum_{m <= k} n(m) / sum_m n(m) at x = c(k), linear between centres, constant beyond them
// The mask says what is counted; every pixel is equalized. Where it leaves none, y is NaN.
//
// Layout: x and y [N, H, W] f32, y in 0..1; mask [N, H, W] u32, not 0: counted.
// Threads: one workgroup per image. They find the range and count together; each adds up the bins of its own.

override BINS: u32 = 256; // at most MOST

const MOST: u32 = 1024;
const SIZE: u32 = 64; // invocations
const LARGEST: f32 = 3.4028234e38;

struct Params {
  pixels: u32, // H * W
  has_mask: u32, // 0: every pixel is counted; mask is not read
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> lows: array<f32, SIZE>;
var<workgroup> highs: array<f32, SIZE>;
var<workgroup> counts: array<atomic<u32>, MOST>;
var<workgroup> sums: array<u32, SIZE>;
var<workgroup> shares: array<f32, MOST>; // cumulative

fn counted(at: u32) -> bool {
  return params.has_mask == 0u || mask[at] != 0u;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let first = group.x * params.pixels;
  var low = LARGEST;
  var high = -LARGEST;
  for (var i = first + t; i < first + params.pixels; i += SIZE) {
    if (counted(i)) {
      low = min(low, x[i]);
      high = max(high, x[i]);
    }
  }
  lows[t] = low;
  highs[t] = high;
  for (var k = t; k < BINS; k += SIZE) {
    atomicStore(&counts[k], 0u);
  }
  workgroupBarrier();
  for (var i = 0u; i < SIZE; i++) {
    low = min(low, lows[i]);
    high = max(high, highs[i]);
  }
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  let scale = f32(BINS) / (high - low);
  for (var i = first + t; i < first + params.pixels; i += SIZE) {
    if (counted(i)) {
      atomicAdd(&counts[min(u32((x[i] - low) * scale), BINS - 1u)], 1u);
    }
  }
  workgroupBarrier();

  let own = (BINS + SIZE - 1u) / SIZE;
  let start = min(t * own, BINS);
  let end = min(start + own, BINS);
  var sum = 0u;
  for (var k = start; k < end; k++) {
    sum += atomicLoad(&counts[k]);
  }
  sums[t] = sum;
  workgroupBarrier();
  sum = 0u;
  var total = 0u;
  for (var i = 0u; i < SIZE; i++) {
    sum += select(0u, sums[i], i < t);
    total += sums[i];
  }
  for (var k = start; k < end; k++) {
    sum += atomicLoad(&counts[k]);
    shares[k] = f32(sum) / f32(max(total, 1u));
  }
  workgroupBarrier();

  let nothing = bitcast<f32>(select(0u, 0x7fc00000u, total == 0u)); // NaN
  for (var i = first + t; i < first + params.pixels; i += SIZE) {
    // In bins, from the first centre to the last.
    let at = clamp((x[i] - low) * scale - 0.5, 0.0, f32(BINS - 1u));
    let k = min(u32(at), BINS - 2u);
    y[i] = mix(shares[k], shares[k + 1u], at - f32(k)) + nothing;
  }
}
