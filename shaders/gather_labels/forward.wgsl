// y[b] = labels[indices[b]]: the labels of a batch. An absent sample (index 0xffffffff) gets 0xffffffff,
// which losses and metrics leave out.
//
// Layout: labels bytes [count], 4 in a u32, first in the low bits; indices and y [length].
// Threads: one per sample.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32, // labels
  length: u32, // samples
}

@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let index = indices[i];
  if (index >= params.count) {
    y[i] = 0xffffffffu;
    return;
  }
  y[i] = (labels[index >> 2u] >> ((index & 3u) * 8u)) & 255u;
}
