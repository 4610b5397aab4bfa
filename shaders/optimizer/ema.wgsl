// Moving average of the parameters: average += (1 - decay) * (parameters - average). Evaluating with the
// average instead of the last parameters takes the noise of the last steps away.
//
// Threads: one per parameter.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // parameters
  rate: f32, // 1 - decay
}

@group(0) @binding(0) var<storage, read> parameters: array<f32>;
@group(0) @binding(1) var<storage, read_write> average: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let difference = parameters[i] - average[i];
  if (params.rate < 0.5) {
    average[i] += params.rate * difference;
  } else { // from the nearer end: a decay of 0 copies, however large the average was
    average[i] = parameters[i] - (1.0 - params.rate) * difference;
  }
}
