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
// Threads: one per parameter.

override WORKGROUP_SIZE: u32 = 64;
override DECOUPLED: u32 = 0;

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length || scale[0] == 0.0) {
    return;
  }
  let t = f32(step.number);
  var p = parameters[i];
  var g = gradient[i] * scale[0];
  if (i < params.decay_length) {
    if (DECOUPLED != 0u) {
      p -= step.learning_rate * params.weight_decay * p;
    } else {
      g += params.weight_decay * p;
    }
  }
  let mean = m[i] + params.rate1 * (g - m[i]);
  let square = v[i] + params.rate2 * (g * g - v[i]);
  m[i] = mean;
  v[i] = square;
  let corrected_mean = mean / one_minus_exp(t * params.log_beta1);
  let corrected_square = square / one_minus_exp(t * params.log_beta2);
  parameters[i] = p - step.learning_rate * corrected_mean / (sqrt(corrected_square) + params.epsilon);
}
