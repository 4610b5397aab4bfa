// The losses of all samples as one number, and by what their sum was divided:
//   y = sum of loss / divisor,   divisor = sum of share with MEAN, else 1
// Where no sample counts the mean is 0 / 0, NaN, as in PyTorch.
//
// Layout: loss and share [length], y and divisor [1].
// Threads: one workgroup. Every thread adds up its part, then halves are folded: the order is fixed, so
// the same losses give the same bits.

override MEAN: u32 = 1;

const THREADS: u32 = 256;

struct Params {
  length: u32,
}

@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> share: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> divisor: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> losses: array<f32, THREADS>;
var<workgroup> shares: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  var total = 0.0;
  var count = 0.0;
  for (var i = local.x; i < params.length; i += THREADS) {
    total += loss[i];
    count += share[i];
  }
  losses[local.x] = total;
  shares[local.x] = count;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (local.x < half) {
      losses[local.x] += losses[local.x + half];
      shares[local.x] += shares[local.x + half];
    }
    workgroupBarrier();
  }
  if (local.x == 0u) {
    var by = 1.0;
    if (MEAN == 1u) {
      by = shares[0];
    }
    y[0] = losses[0] / by;
    divisor[0] = by;
  }
}
