import { describe, expect, it } from 'vitest';
import {
  compile,
  Counts,
  describe as sentence,
  Execution,
  type Order,
  type RunOptions,
} from '../../learn/machine';

const HEAD = '@group(0) @binding(0) var<storage, read_write> out: array<u32>;\n';

/** Runs a shader that writes `out`, 16 words of it, and reads `x`, where there is one. */
function run(code: string, options: Partial<RunOptions> & { x?: Float32Array | Uint32Array } = {}) {
  const out = new Uint32Array(16);
  const x = options.x ?? new Uint32Array(16);
  const program = compile(code);
  const execution = new Execution(program, {
    buffers: { 0: { 0: out.buffer, 1: x.buffer as ArrayBuffer }, 1: { 0: new ArrayBuffer(256) } },
    workgroups: [1, 1, 1],
    ...options,
  });
  execution.run();
  return { out, f32: new Float32Array(out.buffer), findings: execution.findings, execution };
}

/** What `main` of one thread leaves in `out`. */
const body = (statements: string, before = '') =>
  run(`${HEAD}${before}\n@compute @workgroup_size(1) fn main() { ${statements} }`).out;

const kinds = (findings: readonly { kind: string }[]) => findings.map(({ kind }) => kind);

describe('numbers', () => {
  it('wrap at 32 bits', () => {
    const out = body(`
      var a = 4294967295u; out[0] = a + 2u; out[1] = a * a; out[2] = 0u - a;
      var i = 2147483647i; out[3] = bitcast<u32>(i + 1); out[4] = bitcast<u32>(i * i); out[5] = u32(-i);`);
    expect([...out.slice(0, 6)]).toEqual([1, 1, 1, 0x80000000, 1, 0x80000001]);
  });

  it('shift without a sign where there is none', () => {
    const out =
      body(`var a = 0x80000000u; out[0] = a >> 4u; out[1] = bitcast<u32>(bitcast<i32>(a) >> 4u);
      const c = 0xffffffffu >> 1u; out[2] = c; out[3] = a << 1u;`);
    expect([...out.slice(0, 4)]).toEqual([0x08000000, 0xf8000000, 0x7fffffff, 0]);
  });

  it('are not lost in a division by zero', () => {
    const out = body(`var z = 0u; var n = 7u; out[0] = n / z; out[1] = n % z;
      var m = -2147483647 - 1; var one = -1; out[2] = bitcast<u32>(m / one); out[3] = bitcast<u32>(m % one);
      var k = -7; out[4] = bitcast<u32>(k / 2); out[5] = bitcast<u32>(k % 2);`);
    expect([...out.slice(0, 6)]).toEqual([7, 0, 0x80000000, 0, 0xfffffffd, 0xffffffff]);
  });

  it('round to f32 at every operation', () => {
    const { f32 } = run(`${HEAD}@compute @workgroup_size(1) fn main() {
      var a = 0.1; var b = 0.2; out[0] = bitcast<u32>(a + b); out[1] = bitcast<u32>(a * b - b / a); }`);
    const [a, b] = [Math.fround(0.1), Math.fround(0.2)];
    expect(f32[0]).toBe(Math.fround(a + b));
    expect(f32[1]).toBe(Math.fround(Math.fround(a * b) - Math.fround(b / a)));
  });

  it('convert as WGSL does', () => {
    const out =
      body(`var f = -1.5; out[0] = u32(f); f = 5e9; out[1] = u32(f); out[2] = bitcast<u32>(i32(f));
      f = 2.9; out[3] = u32(f); var t = true; out[4] = u32(t); out[5] = u32(bool(f)); out[6] = bitcast<u32>(i32(-f));`);
    expect([...out.slice(0, 7)]).toEqual([0, 4294967040, 2147483520, 2, 1, 1, 0xfffffffe]);
  });

  it('read without blanks and in any base', () => {
    const out = body(
      `var a = 5u; out[0] = a-1u; out[1] = u32(0x1p-1*6.0); out[2] = 0x10u; var i = 3; out[3] = u32(i-2);`,
    );
    expect([...out.slice(0, 4)]).toEqual([4, 3, 16, 1]);
  });

  it('take the type that a literal meets', () => {
    const out = body(`var u: u32 = 3; let f: f32 = 2; out[0] = u + 1; out[1] = u32(f * 2);
      out[2] = u32(select(-1, 5, u == 3)); let v = vec3(1, 2u, 3); out[3] = v.z;`);
    expect([...out.slice(0, 4)]).toEqual([4, 4, 5, 3]);
  });
});

describe('values', () => {
  it('are vectors, arrays and structures, each a copy of its own', () => {
    const out = body(
      `var v = vec3<u32>(1, 2, 3); let w = v; v.x = 9; v = v.zyx; out[0] = w.x; out[1] = v.x * 100 + v.y * 10 + v.z;
       var a = array<u32, 3>(1, 2, 3); var b = a; b[1] = 7; out[2] = a[1]; out[3] = b[1];
       var s = S(5u, vec2<f32>(1.5, 2.5), a); let t = s; s.c[2] = 8; out[4] = t.c[2] + s.c[2]; out[5] = u32(s.b.y * 2.0);
       var i = 1u; out[6] = v[i]; v[i + 1u] += 4u; out[7] = v.z;`,
      'struct S { a: u32, b: vec2<f32>, c: array<u32, 3> }',
    );
    expect([...out.slice(0, 8)]).toEqual([1, 329, 2, 7, 11, 5, 2, 13]);
  });

  it('lie in memory as WGSL lays them out', () => {
    const { out } = run(
      `struct P { a: u32, v: vec3<u32>, b: u32, c: array<vec2<u32>, 2> }
       @group(0) @binding(0) var<storage, read_write> out: P;
       @compute @workgroup_size(1) fn main() { out = P(1, vec3(2, 3, 4), 5, array(vec2(6u, 7u), vec2(8u, 9u))); }`,
    );
    expect([...out]).toEqual([1, 0, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0]);
  });

  it('of a private variable belong to each thread', () => {
    const { out } = run(`${HEAD}var<private> mine: u32 = 5;
      fn add(k: u32) { mine += k; }
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) t: u32) {
        add(t); workgroupBarrier(); add(t); out[t] = mine; }`);
    expect([...out.slice(0, 4)]).toEqual([5, 7, 9, 11]);
  });

  it('of a call are that call’s', () => {
    const out = body(
      `var n = 0u; for (var i = 0u; i < 3u; i++) { n = n * 10u + twice(i) + twice(twice(1u)); } out[0] = n;
       var x = 1u; out[1] = x + bump(&x) + x;`,
      'fn twice(a: u32) -> u32 { return a * 2u; } fn bump(p: ptr<function, u32>) -> u32 { *p += 4u; return *p; }',
    );
    expect([...out.slice(0, 2)]).toEqual([4 * 100 + 6 * 10 + 8, 1 + 5 + 5]);
  });

  it('are reached by pointers to every kind of memory', () => {
    const { out } = run(`${HEAD}var<workgroup> w: array<u32, 4>;
      fn put(p: ptr<workgroup, array<u32, 4>>, i: u32) { (*p)[i] = i + 10u; }
      fn set(p: ptr<storage, u32, read_write>, v: u32) { *p = v; }
      fn second(p: ptr<function, array<u32, 2>>) -> u32 { return p[1]; }
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) t: u32) {
        put(&w, t); workgroupBarrier();
        set(&out[t], w[3u - t]);
        var a = array<u32, 2>(1, 2); let p = &a; (*p)[1] = t; if (t == 2u) { out[9] = second(p); } }`);
    expect([...out.slice(0, 4), out[9]]).toEqual([13, 12, 11, 10, 2]);
  });
});

describe('control', () => {
  it('goes through loops, branches and switches', () => {
    const out = body(`
      var n = 0u; loop { n++; if (n == 2u) { continue; } if (n > 9u) { break; } out[0] += n; continuing { out[1]++; break if n == 7u; } }
      while (n > 3u) { n -= 2u; } out[2] = n;
      for (var i = 0; i < 6; i++) { switch (i) { case 1, 2: { out[3] += 1u; } case 3: { continue; } default: { out[4] += 1u; } } out[5]++; }
      var a = 3; if (a > 5) { out[6] = 1u; } else if (a > 2) { out[6] = 2u; } else { out[6] = 3u; }`);
    expect([...out.slice(0, 7)]).toEqual([1 + 3 + 4 + 5 + 6 + 7, 7, 3, 2, 3, 5, 2]);
  });

  it('keeps every statement of a case, and the scope of every block', () => {
    const out =
      body(`var n = 1; switch (n) { case 1: { out[0] = 1u; out[1] = 2u; out[2] = 3u; out[3] = 4u; } default: {} }
      loop { { var k = 5u; out[4] += k; } { var k = 6u; out[4] += k; } break; }`);
    expect([...out.slice(0, 5)]).toEqual([1, 2, 3, 4, 11]);
  });

  it('does not look at the right side of && and || without need', () => {
    const out = body(
      `if (false && see()) {} out[1] = u32(out[0] == 1u || see()); if (out[0] == 1u && see()) { out[2] = 1u; }`,
      'fn see() -> bool { out[0] += 1u; return true; }',
    );
    expect([...out.slice(0, 3)]).toEqual([2, 1, 1]);
  });

  it('meets names and structures before their declaration', () => {
    const out = body(
      `out[0] = f(N).a;`,
      'fn f(a: u32) -> S { return S(a + M); } const N = M * 2u; const M = 4u; struct S { a: u32 }',
    );
    expect(out[0]).toBe(12);
  });

  it('sizes workgroups and arrays by expressions', () => {
    const code = `${HEAD}override A: u32 = 2; const B = 3u; var<workgroup> w: array<u32, A * B>;
      @compute @workgroup_size(A * 2u, B) fn main(@builtin(local_invocation_id) id: vec3<u32>) {
        w[id.x] = 1u; out[id.y * 4u + id.x] = id.x + 1u; }`;
    expect(compile(code).workgroupSize).toEqual([4, 3, 1]);
    expect(compile(code, { overrides: { A: 8 } }).workgroupSize).toEqual([16, 3, 1]);
    expect(compile('@compute @workgroup_size(64) fn main() {}').workgroupSize).toEqual([64, 1, 1]);
  });
});

describe('threads', () => {
  const tree = (barrier: string) => `${HEAD}var<workgroup> parts: array<u32, 8>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) t: u32) {
  parts[t] = t + 1u;
  workgroupBarrier();
  for (var half = 4u; half > 0u; half /= 2u) {
    if (t < half) { parts[t] += parts[t + half]; }
    ${barrier}
  }
  if (t == 0u) { out[0] = parts[0]; }
}`;

  it('meet at barriers, in every order', () => {
    for (const order of ['one by one', 'reversed', 'in turn', 'shuffled'] as Order[]) {
      const { out, findings } = run(tree('workgroupBarrier();'), { order });
      expect(findings).toEqual([]);
      expect(out[0]).toBe(36);
    }
  });

  it('race without one, whatever comes out', () => {
    const results = (['one by one', 'reversed'] as Order[]).map((order) => {
      const { out, findings } = run(tree(''), { order });
      expect(kinds(findings)).toContain('race');
      expect(findings[0]).toMatchObject({ kind: 'race', memory: 'parts', line: 7 });
      expect(findings[0].other?.line).toBe(7);
      return out[0];
    });
    expect(results[0]).not.toBe(results[1]);
  });

  it('race between workgroups, which no barrier orders', () => {
    const { findings } = run(
      `${HEAD}@compute @workgroup_size(2) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        out[id.x] = 1u; storageBarrier(); if (id.x == 2u) { out[8] = out[0]; } }`,
      { workgroups: [2, 1, 1] },
    );
    expect(kinds(findings)).toEqual(['race']);
    expect(findings[0].other).toMatchObject({ sameGroup: false, wrote: true });
    expect(sentence(findings[0])).toContain('of another workgroup');
  });

  it('need the barrier of the memory that they share', () => {
    const code = (barrier: string) => `${HEAD}@compute @workgroup_size(2)
      fn main(@builtin(local_invocation_index) t: u32) { out[t] = t; ${barrier}(); out[4u + t] = out[1u - t]; }`;
    expect(kinds(run(code('workgroupBarrier')).findings)).toEqual(['race']);
    expect(run(code('storageBarrier')).findings).toEqual([]);
  });

  it('do not race on atomics', () => {
    const { out, findings } =
      run(`@group(0) @binding(0) var<storage, read_write> out: array<atomic<u32>>;
      var<workgroup> n: atomic<i32>;
      @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) t: u32) {
        atomicAdd(&out[0], t); atomicMax(&out[1], t); atomicSub(&n, 2); workgroupBarrier();
        if (t == 0u) { atomicStore(&out[2], bitcast<u32>(atomicLoad(&n))); atomicOr(&out[3], 6u); } }`);
    expect(findings).toEqual([]);
    expect([...out.slice(0, 4)]).toEqual([28, 7, 0xfffffff0, 6]);
  });

  it('get workgroup memory of zeros, in every workgroup', () => {
    const { out } = run(
      `${HEAD}var<workgroup> w: array<u32, 2>;
      @compute @workgroup_size(1) fn main(@builtin(workgroup_id) g: vec3<u32>) { w[0] += 1u; out[g.x] = w[0] + w[1]; }`,
      { workgroups: [3, 1, 1] },
    );
    expect([...out.slice(0, 3)]).toEqual([1, 1, 1]);
  });

  it('are told when not all come to a barrier', () => {
    const { findings } =
      run(`${HEAD}@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) t: u32) {
      if (t == 3u) { return; }
      workgroupBarrier(); out[t] = 1u; }`);
    expect(findings).toMatchObject([{ kind: 'divergence', line: 4, thread: 3 }]);
  });

  it('exchange values in subgroups of every size', () => {
    const code = `enable subgroups;\n${HEAD}@compute @workgroup_size(8)
      fn main(@builtin(local_invocation_index) t: u32, @builtin(subgroup_invocation_id) lane: u32) {
        let sum = subgroupAdd(t) + subgroupBroadcast(t, 1u);
        out[t] = sum * 100u + subgroupShuffleXor(t, 1u) * 10u + subgroupExclusiveAdd(lane); }`;
    const at = (subgroupSize: number) => [...run(code, { subgroupSize }).out.slice(0, 8)];
    expect(at(4)).toEqual([710, 700, 731, 723, 2750, 2740, 2771, 2763]);
    expect(at(8)[0]).toBe(2900 + 10);
  });

  it('stop at a loop that does not end', () => {
    const { findings } = run(
      `${HEAD}@compute @workgroup_size(1) fn main() {
      var i = 1u;
      while (i != 0u) { i += 2u; out[0] = i; } }`,
      { turns: 1000 },
    );
    expect(findings).toMatchObject([{ kind: 'endless', line: 4 }]);
  });

  it('read 0 past the end, write nothing there, and are told', () => {
    const { out, findings } = run(`${HEAD}@compute @workgroup_size(1) fn main() {
      var i = 16u; out[0] = out[i] + 1u;
      out[i] = 3u; var a = array<u32, 2>(5, 6); out[1] = a[i]; var k = -1; out[k] = 1u; }`);
    expect(findings.map(({ kind, line, memory, wrote }) => [kind, line, memory, wrote])).toEqual([
      ['bounds', 3, 'out', false],
      ['bounds', 4, 'out', true],
      ['bounds', 4, 'a', undefined],
    ]);
    expect([...out.slice(0, 2)]).toEqual([1, 0]);
  });
});

describe('what is seen', () => {
  const code = `${HEAD}@compute @workgroup_size(2) fn main(@builtin(local_invocation_index) t: u32) {
  var a = t + 1u;
  a *= 10u;
  workgroupBarrier();
  out[t] = a;
}`;
  it('steps by statement, shows variables, and names who wrote a word', () => {
    const out = new Uint32Array(4);
    const program = compile(code);
    const execution = new Execution(program, {
      buffers: { 0: { 0: out.buffer } },
      workgroups: [1, 1, 1],
    });
    expect(execution.nextGroup()).toBe(true);
    const [first, second] = execution.threads;
    const a = () => execution.variables(first).find(({ variable }) => variable.name === 'a')?.value;
    execution.step(first);
    expect(execution.lineOf(first)).toBe(4);
    expect(a()).toEqual([1]);
    execution.step(first);
    expect(a()).toEqual([10]);
    while (execution.release() === 0)
      execution.step(execution.threads.find(({ state }) => state === 0)!);
    execution.step(second);
    expect(out[1]).toBe(20);
    expect(program.memories[0].writerOf(1)).toBe(1);
    expect(program.memories[0].unwritten()).toEqual([0, 2, 3]);
  });

  it('is the same statement by statement as in one go', () => {
    const { out, execution } = run(code);
    const again = new Uint32Array(16);
    const stops = [
      ...new Execution(execution.program, {
        buffers: { 0: { 0: again.buffer } },
        workgroups: [1, 1, 1],
      }).steps(),
    ];
    expect(again).toEqual(out);
    expect(stops.filter(({ thread }) => thread === null).map(({ line }) => line)).toEqual([5]);
  });

  it('counts reads and the segments that neighbours touch', () => {
    const count = (index: string) => {
      const counts = new Counts();
      run(
        `${HEAD}@group(0) @binding(1) var<storage, read> x: array<u32>;
        @compute @workgroup_size(16) fn main(@builtin(local_invocation_index) t: u32) { out[t] = x[${index}]; }`,
        { watch: counts },
      );
      return counts.memories.get('x');
    };
    expect(count('t')).toEqual({ reads: 16, writes: 0, segments: 2 });
    expect(count('t % 2u * 8u')).toEqual({ reads: 16, writes: 0, segments: 2 });
    expect(count('0')).toEqual({ reads: 16, writes: 0, segments: 1 });
    const counts = new Counts();
    run(
      `${HEAD}@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) t: u32) { out[t] = x[t].y + x[t].z; let v = x[t]; out[4u + t] = v.x + v.y; }`,
      { watch: counts },
    );
    expect(counts.memories.get('x')?.reads).toBe(12);
  });
});

describe('a text that cannot run', () => {
  it.each([
    ['let i: u32 = 1.5;', /line 2: expected u32, got f32; u32\(…\) converts/],
    ['let i: i32 = 2u;', /expected i32, got u32/],
    [
      'var a = 1u + 1.0;',
      /no operator u32 \+ f32: both sides must have one type; u32\(…\) converts/,
    ],
    ['var v = vec2<f32>(1.0) + vec3<f32>(1.0);', /no operator vec2<f32> \+ vec3<f32>/],
    ['let a = 1; a = 2;', /cannot be written to: use var/],
    ['var a = 1u; const b = a;', /not constant: use let/],
    ['let a = out.length;', /write arrayLength\(&out\)/],
    ['x = 3;', /unknown name 'x'/],
    ['let b = f32(true) && true;', /expected bool, got f32/],
    ['let a = missing(1);', /unknown function 'missing'/],
    ['let a = sqrt(1.0, 2.0);', /takes 1 argument/],
    ['var v: vec3<f32>; v.xy = vec2<f32>(1.0);', /cannot be written/],
    ['break;', /outside a loop/],
    ['let m = mat2x2<f32>();', /unknown type 'mat2x2'/],
    ['return 1;', /returns nothing/],
    ['var x = 3', /line 2/],
    ['var x = 3\n\nx = 4;', /line 2: Expected ';'/],
    ['\nlet a = true ? 1 : 2;', /line 3: WGSL has no `a \? b : c`/],
    ['if (1 === 2) { return; }', /line 2: WGSL writes ==/],
    ['let a = Math.max(1, 2);', /stand alone: max/],
    ["let a = 'b';", /no strings/],
    ['let a = array<u32, 2>(1, 2)[2];', /index 2 is out of range/],
    ['let a: u32 = -1;', /-1 does not fit in u32/],
  ])('%s', (statement, message) => {
    expect(() => compile(`${HEAD}@compute @workgroup_size(1) fn main() { ${statement} }`)).toThrow(
      message,
    );
  });

  it('calls itself', () => {
    expect(() =>
      compile(
        'fn f(a: u32) -> u32 { return f(a); } @compute @workgroup_size(1) fn main() { _ = f(1); }',
      ),
    ).toThrow(/calls itself/);
  });
});
