// One step of Adagrad over a flat buffer of parameters, as PyTorch does it:
//   g = gradient * scale + weight_decay * p   (scale: from clip_grad_norm.wgsl, or 1)
//   sum += g^2
//   p -= lr / (1 + (t - 1) * rate_decay) * g / (sqrt(sum) + epsilon)
// t is the step's number, from 1; the sum begins at 0, or where the caller wants it. What has had large
// gradients moves less from then on. Weight decay is for the first `decay_length` parameters (the
// weights). A scale of 0 means that the step is to be left out: all stays.
//
// Duchi, Hazan, Singer 2011, https://jmlr.org/papers/v12/duchi11a.html.
//
// Threads: one per parameter.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // parameters
  decay_length: u32, // those that decay
  weight_decay: f32,
  epsilon: f32,
  rate_decay: f32,
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
@group(0) @binding(4) var<storage, read_write> sum: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length || scale[0] == 0.0) {
    return;
  }
  let p = parameters[i];
  let decay = select(0.0, params.weight_decay, i < params.decay_length);
  let g = gradient[i] * scale[0] + decay * p;
  let next = sum[i] + g * g;
  sum[i] = next;
  let rate = step.learning_rate / (1.0 + f32(step.number - 1u) * params.rate_decay);
  parameters[i] = p - rate * g / (sqrt(next) + params.epsilon);
}
