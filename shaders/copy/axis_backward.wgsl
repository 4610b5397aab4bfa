// dx[o, k, i] = the sum of dy[o, l, i] over all l whose y came from k: the gradient of copy/axis where an element is
// repeated beyond the border (mode 1 to 3) and every = 1.
//
// Layout: dx [outer, K, inner], dy [outer, L, inner], dense.
// Threads: one per element of dx; it looks at every l. Borders are short, and few models repeat them.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * K * inner
  extent: u32, // K
  y_extent: u32, // L
  inner: u32,
  begin: i32,
  mode: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

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
  let k = i32(at / params.inner % params.extent);
  let outer = at / (params.extent * params.inner);
  var sum = 0.0;
  for (var l = 0u; l < params.y_extent; l++) {
    var source = i32(l) + params.begin;
    if (params.mode == 1u) {
      source = clamp(source, 0, extent - 1);
    } else if (params.mode == 2u) {
      let period = max(1, 2 * (extent - 1));
      let there = wrap(source, period);
      source = min(there, period - there);
    } else {
      source = wrap(source, extent);
    }
    if (source == k) {
      sum += dy[(outer * params.y_extent + l) * params.inner + at % params.inner];
    }
  }
  dx[at] = sum;
}
