// dx[i] = the sum of dy[w] / 3 over the windows w that hold element i: the gradient of a moving average, y[w] = the mean of
// x[w], x[w + 1], x[w + 2].
//
// Layout: dy [N - 2], dx [N], dense.
// Threads: one per element of dx. It gathers from the windows that hold it, in their order.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  windows: u32, // N - 2
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= params.windows + 2u) {
    return;
  }
  var sum = 0.0;
  let first = max(i, 2u) - 2u;
  let last = min(i, params.windows - 1u);
  for (var w = first; w <= last; w++) {
    sum += dy[w] / 3.0;
  }
  dx[i] = sum;
}
