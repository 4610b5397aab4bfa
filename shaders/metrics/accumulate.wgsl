// Adds a batch to the running totals, so that the host reads them only now and then:
//   totals[0] += sum of loss (the batch's mean loss)     totals[2] += samples predicted right
//   totals[1] += 1                                       totals[3] += samples with a label
// The prediction is the first maximum of the logits.
// A sample whose label is K or more is left out; a batch without labels adds nothing.
//
// If a loss or a logit of a labelled sample is not finite, `first_bad_step` becomes the number of the step,
// unless an earlier one is there. That is found in the bits, as a shader may be compiled on the
// assumption that there is neither infinity nor NaN.
//
// Layout: loss, labels [N], logits [N, K], totals [4], first_bad_step [1].
// Threads: one workgroup for the whole batch; each thread takes every WORKGROUP_SIZE-th sample, and the
// first one adds up what they found, in order: the same bits every run.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  samples: u32, // N
  classes: u32, // K
}

struct Step {
  seed: u32,
  number: u32,
}

@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read_write> totals: array<f32>;
@group(0) @binding(5) var<storage, read_write> first_bad_step: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> losses: array<f32, WORKGROUP_SIZE>;
var<workgroup> correct: array<u32, WORKGROUP_SIZE>;
var<workgroup> labelled: array<u32, WORKGROUP_SIZE>;
var<workgroup> bad: array<u32, WORKGROUP_SIZE>;

fn finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

fn prediction(n: u32) -> u32 {
  var best = 0u;
  for (var j = 1u; j < params.classes; j++) {
    if (logits[n * params.classes + j] > logits[n * params.classes + best]) {
      best = j;
    }
  }
  return best;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  var sum = 0.0;
  var right = 0u;
  var count = 0u;
  var not_finite = 0u;
  for (var n = local.x; n < params.samples; n += WORKGROUP_SIZE) {
    let label = labels[n];
    if (label < params.classes) {
      let predicted = prediction(n);
      sum += loss[n];
      count++;
      right += select(0u, 1u, predicted == label);
      not_finite += select(1u, 0u, finite(loss[n]));
      for (var j = 0u; j < params.classes; j++) {
        not_finite += select(1u, 0u, finite(logits[n * params.classes + j]));
      }
    }
  }
  losses[local.x] = sum;
  correct[local.x] = right;
  labelled[local.x] = count;
  bad[local.x] = not_finite;
  workgroupBarrier();
  if (local.x != 0u) {
    return;
  }

  sum = 0.0;
  right = 0u;
  count = 0u;
  not_finite = 0u;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += losses[i];
    right += correct[i];
    count += labelled[i];
    not_finite += bad[i];
  }
  totals[0] += sum;
  totals[1] += select(0.0, 1.0, count > 0u);
  totals[2] += f32(right);
  totals[3] += f32(count);
  if (not_finite > 0u && first_bad_step[0] == 0u) {
    first_bad_step[0] = max(1u, step.number);
  }
}
