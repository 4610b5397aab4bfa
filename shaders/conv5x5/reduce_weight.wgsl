// dweight[g,i] = sum over s of partials[g,s,i]
//
// Adds up what `backward_weight.wgsl` has summed over parts of the rows, always in the same order.
//
// Layout: partials [G,S,C,5,5,O] and dweight [G,C,5,5,O], dense; i runs over C 5 5 O.
// Threads: one for each element of dweight.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  size: u32, // C 5 5 O
  parts: u32, // S
  length: u32, // elements of dweight
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let index = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (index >= params.length) {
    return;
  }
  var at = index / params.size * params.parts * params.size + index % params.size;
  var sum = 0.0;
  for (var s = 0u; s < params.parts; s++) {
    sum += partials[at];
    at += params.size;
  }
  dweight[index] = sum;
}
