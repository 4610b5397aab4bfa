// y = max(0, x), elementwise; a NaN stays one.
//
// Layout: any, the same for both; a zero border stays zero.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
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
  let value = x[i];
  y[i] = select(max(0.0, value), value, is_nan(value));
}
