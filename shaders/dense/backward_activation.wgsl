// What forward.wgsl does behind the sum, backwards: the gradient dz of the sum from the gradient dy of y.
//
//   dz = dy * scale where y > 0, else 0      with RELU; scale = 1 / (1 - rate) if there was dropout
//
// Behind a ReLU an element is 0 where it was shut or dropped, and there its gradient is 0 in both cases: y
// alone tells. With SIDE_BY_SIDE y and dy are [N, G, M], and dz is [G, N, M] all the same.
//
// Layout: y, dy as forward.wgsl writes y; dz [G, N, M]; all dense.
// Threads: one per element of dz.

override WORKGROUP_SIZE: u32 = 64;
override RELU: u32 = 1; // 0: dz = dy
override SIDE_BY_SIDE: u32 = 0;

struct Params {
  groups: u32, // G
  rows: u32, // N
  out_features: u32, // M
  scale: f32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dz: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.groups * params.rows * params.out_features) {
    return;
  }
  var at = i;
  if (SIDE_BY_SIDE == 1u) {
    let m = i % params.out_features;
    let n = i / params.out_features % params.rows;
    let g = i / params.out_features / params.rows;
    at = (n * params.groups + g) * params.out_features + m;
  }
  if (RELU == 1u) {
    dz[i] = select(0.0, dy[at] * params.scale, y[at] > 0.0 || is_nan(y[at]));
  } else {
    dz[i] = dy[at];
  }
}
