// dx[g, n, f] = dy[n, g, f]: the gradient of the concatenation is the split.
//
// Layout: dy [N, G * F], dx [G, N, F], dense.
// Threads: one per element, in the order of dx.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  groups: u32, // G
  samples: u32, // N
  features: u32, // F
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
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
  let n = i / params.features % params.samples;
  let g = i / params.features / params.samples;
  dx[i] = dy[(n * params.groups + g) * params.features + f];
}
