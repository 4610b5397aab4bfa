import fc from 'fast-check';

/**
 * Random WGSL functions of two words, a thread's and a shared one, with variables u v (u32), i j (i32), f g (f32, quarters
 * below 256 in size, so that every operation is exact whatever a compiler fuses), w (vec3<i32>) and an array a.
 * No operand pair is constant: compilers refuse what overflows or divides by zero at compile time.
 */
type Kind = 'u32' | 'i32' | 'f32' | 'bool';

const VARIABLES: Record<Exclude<Kind, 'bool'>, string[]> = {
  u32: ['u', 'v', 'a[u % 4u]', 'bitcast<u32>(i)'],
  i32: ['i', 'j', 'w.x', 'w[v % 3u]', 'bitcast<i32>(v)', 'w.zyx.y'],
  f32: ['f', 'g'],
};

const literal = (kind: Exclude<Kind, 'bool'>): fc.Arbitrary<string> =>
  kind === 'u32'
    ? fc.constantFrom('0u', '1u', '3u', '31u', '255u', '0x80000000u', '0xffffffffu', '2654435761u')
    : kind === 'i32'
      ? fc.constantFrom('0i', '1i', '-1i', '7i', '-100i', '2147483647i', '65536i')
      : fc.constantFrom('0.0', '1.0', '-0.25', '2.5', '-17.75', '100.0');

/** A quarter between -256 and 256. */
const exact = (text: string) => `quarter(${text})`;

function number(kind: Exclude<Kind, 'bool'>, depth: number): fc.Arbitrary<string> {
  const leaf = fc.constantFrom(...VARIABLES[kind]);
  if (depth === 0) return leaf;
  const inner = number(kind, depth - 1);
  const operand = fc.oneof(inner, literal(kind));
  const other = fc.constantFrom<Exclude<Kind, 'bool'>>('u32', 'i32', 'f32').chain((from) =>
    number(from, depth - 1).map((text) => {
      if (from === kind) return text;
      return kind === 'f32'
        ? exact(`f32(${text} & ${from === 'u32' ? '255u' : '255i'})`)
        : `${kind}(${text})`;
    }),
  );
  const pick = fc
    .tuple(inner, operand, condition(depth - 1))
    .map(([x, y, c]) => `select(${x}, ${y}, ${c})`);
  if (kind === 'f32') {
    return fc.oneof(
      leaf,
      fc
        .tuple(inner, fc.constantFrom('+', '-', '*'), operand)
        .map(([x, o, y]) => exact(`${x} ${o} ${y}`)),
      fc
        .tuple(fc.constantFrom('min', 'max'), inner, operand)
        .map(([o, x, y]) => `${o}(${x}, ${y})`),
      fc
        .tuple(fc.constantFrom('abs', 'floor', 'ceil', 'trunc', '-'), inner)
        .map(([o, x]) => `${o}(${x})`),
      fc
        .tuple(inner, inner)
        .map(([x, y]) => exact(`dot(vec2<f32>(${x}, 1.0), vec2<f32>(${y}, ${x}))`)),
      other,
      pick,
    );
  }
  const shift = fc
    .tuple(inner, fc.constantFrom('<<', '>>'), number('u32', depth - 1))
    .map(([x, o, y]) => `(${x} ${o} (${y} & 31u))`);
  const bits =
    kind === 'u32'
      ? 'countOneBits firstLeadingBit reverseBits firstTrailingBit'
      : 'abs firstLeadingBit sign';
  return fc.oneof(
    leaf,
    fc
      .tuple(inner, fc.constantFrom('+', '-', '*', '&', '|', '^'), operand)
      .map(([x, o, y]) => `(${x} ${o} ${y})`),
    // Of two variables: a divisor may be 0, and the lowest i32 be divided by -1.
    fc.tuple(inner, fc.constantFrom('/', '%'), inner).map(([x, o, y]) => `(${x} ${o} ${y})`),
    shift,
    fc.tuple(fc.constantFrom('min', 'max'), inner, operand).map(([o, x, y]) => `${o}(${x}, ${y})`),
    fc.tuple(fc.constantFrom(...bits.split(' '), '~'), inner).map(([o, x]) => `${o}(${x})`),
    inner.map((x) => `${kind === 'u32' ? 'stir' : 'spin'}(${x}, u)`),
    other,
    pick,
  );
}

function condition(depth: number): fc.Arbitrary<string> {
  const compare = fc
    .constantFrom<Exclude<Kind, 'bool'>>('u32', 'i32', 'f32')
    .chain((kind) =>
      fc
        .tuple(
          number(kind, Math.max(0, depth - 1)),
          fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
          literal(kind),
        )
        .map(([x, o, y]) => `(${x} ${o} ${y})`),
    );
  if (depth <= 0) return compare;
  const inner = condition(depth - 1);
  return fc.oneof(
    compare,
    fc
      .tuple(inner, fc.constantFrom('&&', '||', '==', '!='), inner)
      .map(([x, o, y]) => `(${x} ${o} ${y})`),
    inner.map((x) => `!${x}`),
  );
}

const DEPTH = 2;
const assignment = fc.oneof(
  fc.tuple(fc.constantFrom('u', 'v', 'a[v % 4u]', 'a[1]'), number('u32', DEPTH)),
  fc.tuple(fc.constantFrom('i', 'j', 'w.y', 'w[u % 3u]'), number('i32', DEPTH)),
  fc.tuple(fc.constantFrom('f', 'g'), number('f32', DEPTH)),
  fc.tuple(
    fc.constant('w'),
    number('i32', DEPTH).map((x) => `w.yzx * ${x} + vec3<i32>(i, j, w.x)`),
  ),
);
const simple = fc.oneof(
  assignment.map(([to, from]) => `${to} = ${from};`),
  fc
    .tuple(fc.constantFrom('u', 'v', 'a[2]'), fc.constantFrom('+', '^', '*'), number('u32', 1))
    .map(([to, o, x]) => `${to} ${o}= ${x};`),
  fc.constantFrom('bump(&v);', 'bump(&a[u % 4u]);', 'i++;', 'j--;'),
);

/** A statement; `level` names the counters of its loops. */
function statement(level: number): fc.Arbitrary<string> {
  if (level === 0) return simple;
  const block = fc
    .array(statement(level - 1), { minLength: 1, maxLength: 2 })
    .map((each) => each.join(' '));
  const k = `k${level}`;
  return fc.oneof(
    { weight: 4, arbitrary: simple },
    {
      weight: 1,
      arbitrary: fc
        .tuple(condition(1), block, block)
        .map(([c, x, y]) => `if (${c}) { ${x} } else { ${y} }`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.integer({ min: 1, max: 5 }),
          block,
          condition(1),
          fc.constantFrom('break', 'continue'),
        )
        .map(
          ([n, x, c, o]) =>
            `for (var ${k} = 0u; ${k} < ${n}u; ${k}++) { ${x} if (${c}) { ${o}; } v += ${k}; }`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(block, block)
        .map(
          ([x, y]) =>
            `switch (u % 4u) { case 0u, 2u: { ${x} } case 1u: { ${y} } default: { j ^= 5i; } }`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(block, condition(1))
        .map(
          ([x, c]) =>
            `{ var ${k} = 0i; loop { ${x} continuing { ${k}++; break if ${k} > 3i || ${c}; } } }`,
        ),
    },
  );
}

export const program = fc
  .array(statement(1), { minLength: 2, maxLength: 4 })
  .map((statements) => statements.join('\n  '));

export const THREADS = 8;

/** A shader that runs the programs one after another, a row of `THREADS` words of `out` for each. */
export function shaderOf(programs: readonly string[]): string {
  const functions = programs.map(
    (text, n) => `fn program_${n}(t: u32, s: u32) -> u32 {
  var u = t * 2654435761u + s;
  var v = s ^ (t << 3u);
  var i = i32(t) - 3i;
  var j = bitcast<i32>(u);
  var f = f32(t) * 1.5 - 4.0;
  var g = f32(s & 127u) * 0.25;
  var w = vec3<i32>(i, 5i, j);
  var a = array<u32, 4>(t, s, 7u, u);
  ${text}
  return u ^ (v * 3u) ^ (bitcast<u32>(i) * 5u) ^ (bitcast<u32>(j) * 7u) ^ (u32(i32(f * 4.0)) * 11u) ^ (u32(i32(g * 4.0)) * 13u)
    ^ (bitcast<u32>(w.x + w.y * 17i + w.z * 19i)) ^ (a[0] + a[1] * 23u + a[2] * 29u + a[3] * 31u);
}`,
  );
  return `@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;

fn quarter(x: f32) -> f32 { return floor(clamp(x, -255.0, 255.0) * 4.0) * 0.25; }
fn stir(x: u32, y: u32) -> u32 { var h = x; for (var n = 0u; n < (y & 3u); n++) { h = (h ^ (h >> 7u)) * 0x9e3779b1u; } return h; }
fn spin(x: i32, y: u32) -> i32 { if (y % 2u == 0u) { return -x; } return x >> 1u; }
fn bump(p: ptr<function, u32>) { *p = *p * 5u + 1u; }

${functions.join('\n\n')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) t: u32) {
${programs.map((_, n) => `  out[${n * THREADS}u + t] = program_${n}(t, seeds[${n}]);`).join('\n')}
}
`;
}
