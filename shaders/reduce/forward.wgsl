// y[o, i] = the sum over k of f(x[o, k, i]), or the product: one axis, or axes that lie side by side, taken together.
//   0 sum, 1 mean, 2 sum of |x|, 3 sum of x^2, 4 sqrt(sum of x^2), 5 product
//
// Layout: x [outer, K, inner], y [outer, inner], dense.
// Threads: LANES for each y. 1 where K is short. 64, a workgroup, where it is long: lane l takes k = l, l + 64, …
// and the first lane adds up the lanes' parts, always in the same order.

override LANES: u32 = 64; // 1 or 64
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * inner
  terms: u32, // K
  inner: u32,
  operation: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> parts: array<f32, WORKGROUP_SIZE>;

fn term(value: f32) -> f32 {
  if (params.operation == 2u) {
    return abs(value);
  }
  if (params.operation == 3u || params.operation == 4u) {
    return value * value;
  }
  return value;
}

fn combine(a: f32, b: f32) -> f32 {
  if (params.operation == 5u) {
    return a * b;
  }
  return a + b;
}

fn finish(value: f32) -> f32 {
  if (params.operation == 1u) {
    return value / f32(params.terms);
  }
  if (params.operation == 4u) {
    return sqrt(value);
  }
  return value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let thread = (group.x + group.y * groups.x) * WORKGROUP_SIZE + local.x;
  let at = thread / LANES;
  let lane = thread % LANES;
  let neutral = select(0.0, 1.0, params.operation == 5u);
  var value = neutral;
  if (at < params.length) {
    let begin = at / params.inner * params.terms * params.inner + at % params.inner;
    for (var k = lane; k < params.terms; k += LANES) {
      value = combine(value, term(x[begin + k * params.inner]));
    }
  }
  if (LANES == 1u) {
    if (at < params.length) {
      y[at] = finish(value);
    }
    return;
  }
  parts[local.x] = value;
  workgroupBarrier();
  if (local.x == 0u && at < params.length) {
    var all = neutral;
    for (var l = 0u; l < WORKGROUP_SIZE; l++) {
      all = combine(all, parts[l]);
    }
    y[at] = finish(all);
  }
}
