// y[o, i] = the largest (or smallest) x[o, k, i] over k, and indices[o, i] = the k where it is: the first, or the
// last, of equal ones. A NaN wins over every number, as in PyTorch; the first NaN has the index.
//
// Layout: x [outer, K, inner], y and indices [outer, inner], dense; K at least 1.
// Threads: LANES for each y. 1 where K is short. 64, a workgroup, where it is long: lane l looks at k = l, l + 64, …
// and the first lane compares what the lanes have found.

override LANES: u32 = 64; // 1 or 64
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * inner
  terms: u32, // K
  inner: u32,
  smallest: u32,
  last: u32, // of equal ones the last
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> found: array<u32, WORKGROUP_SIZE>;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Whether element b at index j takes the place of element a at index i.
fn wins(b: f32, j: u32, a: f32, i: u32) -> bool {
  if (is_nan(a) || is_nan(b)) {
    return is_nan(b) && (!is_nan(a) || j < i);
  }
  if (a == b) {
    return (j > i) == (params.last != 0u);
  }
  return (b < a) == (params.smallest != 0u);
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
  let begin = at / params.inner * params.terms * params.inner + at % params.inner;
  var best = min(lane, params.terms - 1u);
  if (at < params.length) {
    for (var k = best + LANES; k < params.terms; k += LANES) {
      if (wins(x[begin + k * params.inner], k, x[begin + best * params.inner], best)) {
        best = k;
      }
    }
  }
  if (LANES == 1u) {
    if (at < params.length) {
      y[at] = x[begin + best * params.inner];
      indices[at] = best;
    }
    return;
  }
  found[local.x] = best;
  workgroupBarrier();
  if (local.x == 0u && at < params.length) {
    for (var l = 1u; l < WORKGROUP_SIZE; l++) {
      let k = found[l];
      if (k != best && wins(x[begin + k * params.inner], k, x[begin + best * params.inner], best)) {
        best = k;
      }
    }
    y[at] = x[begin + best * params.inner];
    indices[at] = best;
  }
}
