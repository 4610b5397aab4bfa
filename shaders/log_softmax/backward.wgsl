// dx_j = dy_j - exp(y_j) * sum over i of dy_i, along one axis. Needs the output y alone.
//
// Layout: y, dy, dx [..., K, inner], dense; inner is 1 for the last axis.
// Threads: one per row (the K elements of a softmax); rows are short (classes).

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  classes: u32, // K
  inner: u32, // elements from one class to the next
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible, and the exponential of one may be a number.
fn exponential(value: f32) -> f32 {
  let nan = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
  return select(exp(value), value, nan);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let row = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (row >= params.rows) {
    return;
  }
  let begin = row / params.inner * params.classes * params.inner + row % params.inner;
  let end = begin + params.classes * params.inner;
  var sum = 0.0;
  for (var i = begin; i < end; i += params.inner) {
    sum += dy[i];
  }
  for (var i = begin; i < end; i += params.inner) {
    dx[i] = dy[i] - exponential(y[i]) * sum;
  }
}
