// One step of gradient descent with momentum over a flat buffer of parameters, as PyTorch does it:
//   g = gradient * scale + weight_decay * p   (scale: from clip_grad_norm.wgsl, or 1)
//   velocity = momentum * velocity + (1 - dampening) * g    in the first step g itself
//   p -= lr * velocity                        or, with NESTEROV, lr * (g + momentum * velocity)
// The velocity begins at 0. Weight decay is for the first `decay_length` parameters (the weights);
// biases and normalization come after them. A scale of 0 means that the step is to be left out: all stays.
//
// Threads: one per parameter.

override WORKGROUP_SIZE: u32 = 64;
override NESTEROV: u32 = 0;

struct Params {
  length: u32, // parameters
  decay_length: u32, // those that decay
  weight_decay: f32,
  momentum: f32,
  dampening: f32,
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
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;
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
  let share = select(1.0 - params.dampening, 1.0, step.number == 1u);
  let next = params.momentum * velocity[i] + share * g;
  velocity[i] = next;
  let direction = select(next, g + params.momentum * next, NESTEROV != 0u);
  parameters[i] = p - step.learning_rate * direction;
}
