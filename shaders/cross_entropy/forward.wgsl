// Negative log-likelihood of the labels, with weights per class w and label smoothing s. For a sample of
// class c with the log-probabilities l (log_softmax of its C scores, or x itself without LOG_SOFTMAX):
//   loss  = -(1 - s) w_c l_c - s / C * sum over j of w_j l_j
//   share = w_c, the sample's weight in the mean
// A sample whose label is `ignored`, or no class at all, has loss 0 and share 0.
//
// Layout: x and log_prob [N, C, D], labels, loss and share [N, D] (D: what follows the class axis), weight [C].
// Threads: one per sample; neighbours take neighbouring d, so that they read neighbouring numbers.

override WORKGROUP_SIZE: u32 = 64;
override LOG_SOFTMAX: u32 = 1; // 0: x holds log-probabilities; log_prob is then a copy
override HAS_WEIGHT: u32 = 1; // 0: every class counts 1; weight is not read

struct Params {
  samples: u32, // N * D
  classes: u32, // C
  inner: u32, // D
  ignored: u32,
  smoothing: f32, // s
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> share: array<f32>;
@group(0) @binding(5) var<storage, read_write> log_prob: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Beside a NaN or +infinity no score has a share, as in PyTorch. By the bits: a compiler may take NaN for impossible,
// and the exponential of one may be a number.
fn spoils(score: f32) -> bool {
  return (bitcast<u32>(score) & 0x7fffffffu) > 0x7f800000u || bitcast<u32>(score) == 0x7f800000u;
}

fn weight_of(class_index: u32) -> f32 {
  if (HAS_WEIGHT == 0u) {
    return 1.0;
  }
  return weight[class_index];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.samples) {
    return;
  }
  let first = i / params.inner * params.classes * params.inner + i % params.inner;
  var largest = 0.0;
  var log_total = 0.0;
  if (LOG_SOFTMAX == 1u) {
    largest = -3.4e38;
    var total = 0.0; // or NaN
    for (var j = 0u; j < params.classes; j++) {
      let score = x[first + j * params.inner];
      largest = max(largest, score);
      total = select(total, score - score, spoils(score));
    }
    for (var j = 0u; j < params.classes; j++) {
      total += exp(x[first + j * params.inner] - largest);
    }
    log_total = select(log(total), total, spoils(total));
  }
  let label = labels[i];
  let counted = label != params.ignored && label < params.classes;
  var even = 0.0; // sum of w_j l_j
  var hit = 0.0; // w_c l_c
  for (var j = 0u; j < params.classes; j++) {
    let at = first + j * params.inner;
    let l = x[at] - largest - log_total;
    log_prob[at] = l;
    if (counted && params.smoothing > 0.0) {
      even += weight_of(j) * l;
    }
    if (counted && j == label) {
      hit = weight_of(j) * l;
    }
  }
  loss[i] = -(1.0 - params.smoothing) * hit - params.smoothing / f32(params.classes) * even;
  var counts = 0.0;
  if (counted) {
    counts = weight_of(label);
  }
  share[i] = counts;
}
