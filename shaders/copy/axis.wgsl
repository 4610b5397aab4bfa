// y[o, l, i] = x[o, k, i] where k = (l * step + begin) / every, if that is whole and inside; else `value`. One axis at a time:
//   a slice: step, begin; its gradient: every = |step|; zeros around: begin < 0; the gradient of that: begin > 0
// `mode` says what lies outside: 0 `value`, 1 the nearest element, 2 the axis mirrored at its last element, 3 the axis repeated.
//
// Layout: x [outer, K, inner], y [outer, L, inner], dense. Elements are copied as bits, whatever their type.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * L * inner
  extent: u32, // K
  y_extent: u32, // L
  inner: u32,
  step: i32,
  begin: i32,
  every: i32,
  mode: u32,
  bits: u32, // of `value`
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

// n modulo m, from 0 to m - 1 also for negative n.
fn wrap(n: i32, m: i32) -> i32 {
  return (n % m + m) % m;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  let extent = i32(params.extent);
  let l = i32(at / params.inner % params.y_extent);
  let place = l * params.step + params.begin;
  var k = place / params.every;
  var inside = place % params.every == 0 && k >= 0 && k < extent;
  if (!inside && params.mode != 0u) {
    inside = true;
    if (params.mode == 1u) {
      k = clamp(k, 0, extent - 1);
    } else if (params.mode == 2u) {
      let period = max(1, 2 * (extent - 1));
      let there = wrap(k, period);
      k = min(there, period - there);
    } else {
      k = wrap(k, extent);
    }
  }
  var bits = params.bits;
  if (inside) {
    let outer = at / (params.y_extent * params.inner);
    bits = x[(outer * params.extent + u32(k)) * params.inner + at % params.inner];
  }
  y[at] = bits;
}
