// y_j = exp(x_j) / sum over i of exp(x_i), along one axis. The largest x is subtracted first, so that
// no exponential overflows and the sum is at least 1.
//
// Layout: x, y [..., K, inner], dense; inner is 1 for the last axis.
// Threads: one per row (the K elements of a softmax); rows are short (classes).

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  classes: u32, // K
  inner: u32, // elements from one class to the next
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Beside a NaN or +infinity no score has a share, as in PyTorch. By the bits: a compiler may take NaN for impossible,
// and the exponential of one may be a number.
fn spoils(score: f32) -> bool {
  return (bitcast<u32>(score) & 0x7fffffffu) > 0x7f800000u || bitcast<u32>(score) == 0x7f800000u;
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
  var largest = -3.4e38;
  var nan = 0.0; // or NaN
  for (var i = begin; i < end; i += params.inner) {
    largest = max(largest, x[i]);
    nan = select(nan, x[i] - x[i], spoils(x[i]));
  }
  var total = nan;
  for (var i = begin; i < end; i += params.inner) {
    total += exp(x[i] - largest);
  }
  for (var i = begin; i < end; i += params.inner) {
    y[i] = exp(x[i] - largest) / total;
  }
}
