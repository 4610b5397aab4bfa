// y[a, b, c, d, e] = x[a * stride_a + b * stride_b + …]: axes in another order, and, with a stride of 0, repeated.
//
// Layout: y of up to 5 axes, dense; fewer axes leave the first ones 1. Elements are copied as bits, whatever their type.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32,
  extent1: u32, // of the second axis; the first one's is not needed
  extent2: u32,
  extent3: u32,
  extent4: u32,
  stride0: u32,
  stride1: u32,
  stride2: u32,
  stride3: u32,
  stride4: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  var rest = at;
  var source = rest % params.extent4 * params.stride4;
  rest /= params.extent4;
  source += rest % params.extent3 * params.stride3;
  rest /= params.extent3;
  source += rest % params.extent2 * params.stride2;
  rest /= params.extent2;
  source += rest % params.extent1 * params.stride1;
  rest /= params.extent1;
  source += rest * params.stride0;
  y[at] = x[source];
}
