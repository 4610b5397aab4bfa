// The gradient of forward.wgsl: the part of dy along y changes only the length, and drops out.
//   dx = (dy - y (y . dy)) / norm      where norm > epsilon
//   dx = dy / epsilon                  else: there the divisor is a constant
//
// Layout: y, dy and dx [outer, K, inner], norm [outer, inner], dense.
// Threads: one per row.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32, // outer * inner
  features: u32, // K
  inner: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> norm: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let row = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (row >= params.rows) {
    return;
  }
  let first = row / params.inner * params.features * params.inner + row % params.inner;
  var along = 0.0;
  if (norm[row] > params.epsilon) {
    for (var k = 0u; k < params.features; k++) {
      let at = first + k * params.inner;
      along += y[at] * dy[at];
    }
  }
  let divisor = bitcast<f32>(max(bitcast<u32>(norm[row]), bitcast<u32>(params.epsilon))); // NaN stays
  for (var k = 0u; k < params.features; k++) {
    let at = first + k * params.inner;
    dx[at] = (dy[at] - y[at] * along) / divisor;
  }
}
