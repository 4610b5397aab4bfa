// The gradient of the recurrent weight: dweight_hh[m, k] = sum over rows (t, n) of dhw[row, m] * s[row, k],
// where s is the state before the step, or with RESET_FIRST r * h for the candidate's rows (m >= 2H).
// Both are in `gates`.
//
// Layout: gates [T*N,5H] (r z n q h_before), dhw [T*N,3H], dweight_hh [3H,H].
// Threads: one per element of dweight_hh, k fastest; all rows in order.

override WORKGROUP_SIZE: u32 = 64;
override RESET_FIRST: u32 = 0;

struct Params {
  rows: u32, // T * N
  hidden: u32, // H
}

@group(0) @binding(0) var<storage, read> gates: array<f32>;
@group(0) @binding(1) var<storage, read> dhw: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight_hh: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  let hidden = params.hidden;
  if (i >= 3u * hidden * hidden) {
    return;
  }
  let m = i / hidden;
  let k = i % hidden;
  let part = select(4u, 3u, RESET_FIRST == 1u && m >= 2u * hidden);
  var sum = 0.0;
  for (var row = 0u; row < params.rows; row++) {
    sum += dhw[row * 3u * hidden + m] * gates[(row * 5u + part) * hidden + k];
  }
  dweight_hh[i] = sum;
}
