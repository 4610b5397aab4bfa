// y = x / (1 - rate) with probability 1 - rate, else 0 (inverted dropout: evaluation needs no kernel).
//
// The mask is a function of the run's seed, the step's number, the layer's stream and the element's
// index, so that no mask is stored: backward.wgsl draws it again, and a run can be repeated and resumed bit for bit.
//
// Layout: any, the same for both; a zero border stays zero.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements
  stream: u32, // a number per layer
  threshold: u32, // rate * 2^24
  scale: f32, // 1 / (1 - rate)
}

struct Step {
  seed: u32,
  number: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn pcg(v: u32) -> u32 {
  let s = v * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let number = pcg(i + pcg(params.stream + pcg(step.number + pcg(step.seed))));
  let kept = (number >> 8u) >= params.threshold;
  y[i] = select(0.0, x[i] * params.scale, kept);
}
