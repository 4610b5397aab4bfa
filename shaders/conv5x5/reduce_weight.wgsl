// dweight[g,i] = sum over s of partials[g,s,i]
//
// Adds up what the backward_weight files have summed over parts of the rows or images, always in the same order.
//
// Layout: partials [G,S,C,5,5,O] and dweight [G,C,5,5,O], dense; i runs over C 5 5 O. So with the windows of
// `conv` and `depthwise`.
// Threads: one for each element of dweight; y is g, so that no index has to be divided.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  size: u32, // C 5 5 O
  parts: u32, // S
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.size) {
    return;
  }
  var at = id.y * params.parts * params.size + id.x;
  var sum = 0.0;
  for (var s = 0u; s < params.parts; s++) {
    sum += partials[at];
    at += params.size;
  }
  dweight[id.y * params.size + id.x] = sum;
}
