// y = x where x > 0, and slope * x elsewhere.
//
// Layout: any, the same for both.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements
  slope: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= params.length) {
    return;
  }
  let value = x[i];
  y[i] = select(params.slope * value, value, value > 0.0);
}
