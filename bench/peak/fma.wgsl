// What the adapter's arithmetic can do at best: 16 independent chains of fused multiply-adds in
// registers, no memory but one word at the end, so that nothing is optimized away.
//
//   acc = fma(acc, factor, addend), 16 times, `rounds` times over
//
// Layout: y [threads]. Threads: each its own chains.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  rounds: u32,
  factor: f32,
  addend: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = params.factor;
  let b = params.addend;
  let x = f32(id.x);
  var s0 = vec4f(x, x + 1.0, x + 2.0, x + 3.0);
  var s1 = s0 + 4.0;
  var s2 = s0 + 8.0;
  var s3 = s0 + 12.0;
  let factor = vec4f(a);
  let addend = vec4f(b);
  for (var i = 0u; i < params.rounds; i += 1u) {
    s0 = fma(s0, factor, addend);
    s1 = fma(s1, factor, addend);
    s2 = fma(s2, factor, addend);
    s3 = fma(s3, factor, addend);
  }
  let sum = s0 + s1 + s2 + s3;
  y[id.x] = sum.x + sum.y + sum.z + sum.w;
}
