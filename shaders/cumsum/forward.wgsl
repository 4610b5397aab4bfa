// y_k = x_0 + x_1 + … + x_k along one axis; with REVERSE from the other end, which is the gradient.
//
// Layout: x, y [..., K, inner], dense; inner is 1 for the last axis.
// Threads: one per row (the K elements that are summed), so that every sum has one order.
// Source: PyTorch's torch.cumsum.

override WORKGROUP_SIZE: u32 = 64;
override REVERSE: bool = false;

struct Params {
  rows: u32,
  extent: u32, // K
  inner: u32, // elements from one of the K to the next
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
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
  let begin = row / params.inner * params.extent * params.inner + row % params.inner;
  var sum = 0.0;
  for (var k = 0u; k < params.extent; k++) {
    let at = begin + select(k, params.extent - 1u - k, REVERSE) * params.inner;
    sum += x[at];
    y[at] = sum;
  }
}
