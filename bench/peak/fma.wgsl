// What the adapter's arithmetic can do at best: 10 independent chains of fused multiply-adds in registers, no
// memory but one word at the end, so that nothing is optimized away.
//
//   s = fma(s, factor, addend), 32 times a round, `rounds` times over
//
// A round costs a software adapter as much as many multiply-adds, hence so many in one; its vector unit has
// registers for 10 chains, and more would be kept in memory.
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
  let f = vec4f(params.factor);
  let d = vec4f(params.addend);
  let x = f32(id.x);
  var a = vec4f(x, x + 1.0, x + 2.0, x + 3.0);
  var b = a + 4.0;
  var c = a.xy + 8.0;
  for (var i = 0u; i < params.rounds; i += 1u) {
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
    a = fma(a, f, d); b = fma(b, f, d); c = fma(c, f.xy, d.xy);
  }
  y[id.x] = dot(a + b, vec4f(1.0)) + c.x + c.y;
}
