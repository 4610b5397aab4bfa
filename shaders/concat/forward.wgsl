// y[n, g, f] = x[g, n, f]: the features of G streams side by side, for every sample.
//
// Layout: x [G, N, F], y [N, G * F], dense.
// Threads: one per element, in the order of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  groups: u32, // G
  samples: u32, // N
  features: u32, // F
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.groups * params.samples * params.features) {
    return;
  }
  let f = i % params.features;
  let g = i / params.features % params.groups;
  let n = i / params.features / params.groups;
  y[i] = x[(g * params.samples + n) * params.features + f];
}
