// dx = dy where y > 0 or NaN, else 0. The gradient at x = 0 is 0, as in PyTorch.
//
// Layout: any, the same for all three.
// Threads: one per element. Reads the output y, so that the input need not be kept.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
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
  dx[i] = select(0.0, dy[i], y[i] > 0.0 || is_nan(y[i]));
}
