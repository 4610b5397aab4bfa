// One step of Adam, or with DECOUPLED of AdamW, over a flat buffer of parameters, as PyTorch does it:
//   g = gradient * scale          (scale: from clip_grad_norm.wgsl, or 1)
//   g += weight_decay * p         Adam: the decay goes through the moments
//   p -= lr * weight_decay * p    AdamW: the decay goes around them
//   m += (1 - beta1) * (g - m)
//   v += (1 - beta2) * (g^2 - v)
//   p -= lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
// t is the step's number, from 1. Weight decay is for the first `decay_length` parameters (the weights);
// biases and normalization come after them. A scale of 0 means that the step is to be left out: all stays.
//
// Kingma, Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov, Hutter 2019, https://arxiv.org/abs/1711.05101.
//
// Threads: each takes ROUNDS parameters, WORKGROUP_SIZE apart: what is the same for all, the corrections by t above all,
// is computed once for them.

override WORKGROUP_SIZE: u32 = 64;
override DECOUPLED: u32 = 0;

const ROUNDS: u32 = 8;

struct Params {
  length: u32, // parameters
  decay_length: u32, // those that decay
  weight_decay: f32,
  epsilon: f32,
  rate1: f32, // 1 - beta1
  rate2: f32, // 1 - beta2
  log_beta1: f32,
  log_beta2: f32,
}

struct Step {
  seed: u32,
  number: u32,
  learning_rate: f32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// 1 - exp(x) for x <= 0. Near 0, where 1 - exp(x) would cancel, by the series of x: with beta2 = 0.999
// the first steps depend on it.
fn one_minus_exp(x: f32) -> f32 {
  if (x < -0.5) {
    return 1.0 - exp(x);
  }
  var sum = 1.0;
  for (var k = 9.0; k > 1.0; k -= 1.0) {
    sum = 1.0 + sum * x / k;
  }
  return -x * sum;
}

// a (1 - share) + b share, from the nearer end: a share of 1 gives b, however large a is.
fn between(a: f32, b: f32, share: f32) -> f32 {
  if (share < 0.5) {
    return a + share * (b - a);
  }
  return b - (1.0 - share) * (b - a);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let factor = scale[0];
  if (factor == 0.0) {
    return;
  }
  let t = f32(step.number);
  let learning_rate = step.learning_rate;
  let mean_share = one_minus_exp(t * params.log_beta1);
  let square_share = one_minus_exp(t * params.log_beta2);

  let first = (group.x + group.y * groups.x) * ROUNDS * WORKGROUP_SIZE;
  let end = min(params.length, first + ROUNDS * WORKGROUP_SIZE);
  for (var i = first + thread; i < end; i += WORKGROUP_SIZE) {
    var p = parameters[i];
    var g = gradient[i] * factor;
    if (i < params.decay_length) {
      if (DECOUPLED != 0u) {
        p -= learning_rate * params.weight_decay * p;
      } else {
        g += params.weight_decay * p;
      }
    }
    var mean = m[i];
    var square = v[i];
    mean = between(mean, g, params.rate1);
    square = between(square, g * g, params.rate2);
    m[i] = mean;
    v[i] = square;
    parameters[i] = p - learning_rate * (mean / mean_share) / (sqrt(square / square_share) + params.epsilon);
  }
}
