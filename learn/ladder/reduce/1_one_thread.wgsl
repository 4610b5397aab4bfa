// y [rows] = the sums of the rows of x [rows, terms]: one thread a row.
//
// Layout: x and y dense.
// Threads: one per row. Neighbours read numbers that lie a whole row apart.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  terms: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= arrayLength(&y)) {
    return;
  }
  var sum = 0.0;
  for (var k = 0u; k < params.terms; k++) {
    sum += x[row * params.terms + k];
  }
  y[row] = sum;
}
