// Focal loss with label smoothing, and its gradient, in one dispatch. With p the softmax
// of a sample's K logits and c its class,
//   loss = 1/V * [ (1 - s) * alpha_c * (1 - p_c)^gamma * -ln p_c + s/K * sum over j of -ln p_j ]
//   dlogits_j = 1/V * [ (1 - s) * alpha_c * (gamma p_c (1-p_c)^(gamma-1) ln p_c - (1-p_c)^gamma)
//                       * (delta_jc - p_j) + s * (p_j - 1/K) ]
// where s is the smoothing and V the number of samples that have a label, so that the sum of the losses
// is the batch's mean; without MEAN it is 1, and the sum their sum. gamma = 0 is cross-entropy. Lin et al. 2017, https://arxiv.org/abs/1708.02002.
// A sample with p_c below the threshold may be mislabelled, and counts as with gamma = 0.
//
// A sample whose label is K or more (0xffffffff marks an absent one) has the loss 0 and the gradient 0.
//
// Layout: logits, dlogits [N, K], labels, loss [N], alpha [K].
// Threads: one per sample; K is small. Every workgroup counts the labels for itself, which is cheaper
// than a dispatch that does nothing else.

override WORKGROUP_SIZE: u32 = 64;
override MEAN: u32 = 1;
override HAS_ALPHA: u32 = 1; // 0: alpha is 1 for all classes, and not read

struct Params {
  samples: u32, // N
  classes: u32, // K
  gamma: f32,
  smoothing: f32, // s
  threshold: f32, // of p_c; 0: all samples are focused
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> alpha: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<u32, WORKGROUP_SIZE>;

// Beside a NaN or +infinity no score has a share, as in PyTorch. By the bits: a compiler may take NaN for impossible,
// and the exponential of one may be a number.
fn spoils(score: f32) -> bool {
  return (bitcast<u32>(score) & 0x7fffffffu) > 0x7f800000u || bitcast<u32>(score) == 0x7f800000u;
}

// base^exponent for 0 <= base <= 1, but 0 at base 0 (1 for exponent 0): WGSL leaves log2(0) open.
fn power(base: f32, exponent: f32) -> f32 {
  if (exponent == 0.0) {
    return 1.0;
  }
  if (base <= 0.0) {
    return 0.0;
  }
  return exp2(exponent * log2(base));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  var count = 0u;
  for (var n = local.x; n < params.samples; n += WORKGROUP_SIZE) {
    count += select(0u, 1u, labels[n] < params.classes);
  }
  counts[local.x] = count;
  workgroupBarrier();

  let n = id.x;
  if (n >= params.samples) {
    return;
  }
  let first = n * params.classes;
  let label = labels[n];
  if (label >= params.classes) {
    loss[n] = 0.0;
    for (var j = 0u; j < params.classes; j++) {
      dlogits[first + j] = 0.0;
    }
    return;
  }
  var valid = 0u;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    valid += counts[i];
  }
  var mean = 1.0;
  if (MEAN == 1u) {
    mean = 1.0 / f32(valid);
  }

  var largest = -3.4e38;
  var total = 0.0; // of exp(z_j - largest); or NaN
  for (var j = 0u; j < params.classes; j++) {
    largest = max(largest, logits[first + j]);
    total = select(total, logits[first + j] - logits[first + j], spoils(logits[first + j]));
  }
  var others = 0.0; // the same without the true class: 1 - p without cancellation
  var sum = 0.0; // of z_j - largest
  for (var j = 0u; j < params.classes; j++) {
    let z = logits[first + j] - largest;
    let e = exp(z);
    total += e;
    others += select(e, 0.0, j == label);
    sum += z;
  }
  let log_total = select(log(total), total, spoils(total));
  let z_true = logits[first + label] - largest;
  let p = exp(z_true) / total;
  let q = others / total; // 1 - p
  // ln p = ln(1 - q): near p = 1 the series keeps the digits that z - ln(total) loses.
  var log_p = z_true - log_total;
  if (q < 0.01) {
    log_p = -q * (1.0 + q * (0.5 + q * (0.33333333 + q * 0.25)));
  }

  var weight = (1.0 - params.smoothing) * mean;
  if (HAS_ALPHA == 1u) {
    weight *= alpha[label];
  }
  let even = params.smoothing * mean;
  let gamma = select(params.gamma, 0.0, p < params.threshold);
  let modulation = power(q, gamma);
  // For gamma < 1 the power has a pole at p = 1, but ln p ~ -(1-p) keeps the product finite, and at
  // 1 - p = 0 exactly `power` gives 0.
  let slope = power(q, gamma - 1.0);
  var factor = -weight * modulation;
  if (gamma != 0.0) { // else 0 times an infinite ln p would spoil it
    factor = weight * (gamma * p * slope * log_p - modulation);
  }
  let share = 1.0 / f32(params.classes);
  var value = -weight * modulation * log_p;
  if (params.smoothing != 0.0) {
    value += even * (log_total - sum * share);
  }
  loss[n] = value;
  for (var j = 0u; j < params.classes; j++) {
    let p_j = exp(logits[first + j] - largest) / total;
    let toward = select(-p_j, q, j == label); // delta_jc - p_j
    dlogits[first + j] = factor * toward + even * (p_j - share);
  }
}
