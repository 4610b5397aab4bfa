// y = x / max(norm, epsilon), norm = sqrt(sum of x^2) along one axis: rows of length 1.
// The squares are of x over its largest |x|, so that they neither overflow nor vanish.
//
// Layout: x and y [outer, K, inner], norm [outer, inner], dense.
// Threads: one per row.

override WORKGROUP_SIZE: u32 = 64;

const INFINITY: u32 = 0x7f800000u; // its bits

struct Params {
  rows: u32, // outer * inner
  features: u32, // K
  inner: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;
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
  var bits = 0u; // of the largest |x|: in this order, and infinity and NaN above them
  for (var k = 0u; k < params.features; k++) {
    bits = max(bits, bitcast<u32>(abs(x[first + k * params.inner])));
  }
  let largest = bitcast<f32>(bits);
  var sum = 1.0;
  if (largest == 0.0) {
    sum = 0.0;
  } else if (bits < INFINITY) {
    sum = 0.0;
    for (var k = 0u; k < params.features; k++) {
      let part = x[first + k * params.inner] / largest;
      sum += part * part;
    }
  }
  let length = largest * sqrt(sum);
  norm[row] = length;
  let divisor = bitcast<f32>(max(bitcast<u32>(length), bitcast<u32>(params.epsilon))); // NaN stays
  for (var k = 0u; k < params.features; k++) {
    let at = first + k * params.inner;
    y[at] = x[at] / divisor;
  }
}
