import type { ScalarName } from './types';

/** A function of numbers; what it gives is rounded to the type of its arguments. */
export type NumberFunction = (a: number, b: number, c: number, d: number) => number;

interface Builtin {
  arguments: number;
  of: Partial<Record<ScalarName, NumberFunction>>;
}

const { fround } = Math;

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

function smoothstep(low: number, high: number, x: number): number {
  const t = fround(Math.min(1, Math.max(0, fround(fround(x - low) / fround(high - low)))));
  return fround(t * t) * fround(3 - fround(2 * t));
}

const float = (count: number, f: NumberFunction): Builtin => ({ arguments: count, of: { f32: f } });
const integer = (count: number, f: NumberFunction): Builtin => ({
  arguments: count,
  of: { i32: f, u32: f },
});
const number = (count: number, f: NumberFunction): Builtin => ({
  arguments: count,
  of: { f32: f, i32: f, u32: f, int: f },
});

const popcount = (x: number) => {
  let count = 0;
  for (let bits = x >>> 0; bits; bits &= bits - 1) count++;
  return count;
};
const lowest = (x: number) => (x === 0 ? -1 : 31 - Math.clz32(x & -x));
const reverse = (x: number) => {
  let bits = 0;
  for (let i = 0; i < 32; i++) bits |= ((x >>> i) & 1) << (31 - i);
  return bits;
};
const mask = (count: number) => (count >= 32 ? -1 : (1 << count) - 1);
const extract =
  (signed: boolean): NumberFunction =>
  (x, offset, count) => {
    const from = Math.min(offset, 32);
    const width = Math.min(count, 32 - from);
    if (width === 0) return 0;
    const left = x << (32 - from - width);
    return signed ? left >> (32 - width) : left >>> (32 - width);
  };

/** Functions that work number by number, on vectors lane by lane. */
export const BUILTINS: Record<string, Builtin> = {
  abs: number(1, (x) => Math.abs(x)),
  sign: { arguments: 1, of: { f32: Math.sign, i32: Math.sign, int: Math.sign } },
  min: number(2, (a, b) => Math.min(a, b)),
  max: number(2, (a, b) => Math.max(a, b)),
  clamp: number(3, (x, low, high) => Math.min(Math.max(x, low), high)),
  saturate: float(1, (x) => Math.min(Math.max(x, 0), 1)),

  exp: float(1, Math.exp),
  exp2: float(1, (x) => 2 ** x),
  log: float(1, Math.log),
  log2: float(1, Math.log2),
  pow: float(2, (a, b) => Math.pow(a, b)),
  sqrt: float(1, Math.sqrt),
  inverseSqrt: float(1, (x) => 1 / Math.sqrt(x)),
  sin: float(1, Math.sin),
  cos: float(1, Math.cos),
  tan: float(1, Math.tan),
  asin: float(1, Math.asin),
  acos: float(1, Math.acos),
  atan: float(1, Math.atan),
  atan2: float(2, Math.atan2),
  sinh: float(1, Math.sinh),
  cosh: float(1, Math.cosh),
  tanh: float(1, Math.tanh),
  asinh: float(1, Math.asinh),
  acosh: float(1, Math.acosh),
  atanh: float(1, Math.atanh),
  degrees: float(1, (x) => (x * 180) / Math.PI),
  radians: float(1, (x) => (x * Math.PI) / 180),

  floor: float(1, Math.floor),
  ceil: float(1, Math.ceil),
  trunc: float(1, Math.trunc),
  round: float(1, roundToEven),
  fract: float(1, (x) => x - Math.floor(x)),
  step: float(2, (edge, x) => (edge <= x ? 1 : 0)),
  smoothstep: float(3, smoothstep),
  fma: float(3, (a, b, c) => a * b + c),
  mix: float(3, (a, b, share) => fround(a * fround(1 - share)) + fround(b * share)),

  countOneBits: integer(1, popcount),
  countLeadingZeros: integer(1, Math.clz32),
  countTrailingZeros: integer(1, (x) => (x === 0 ? 32 : lowest(x))),
  firstTrailingBit: integer(1, lowest),
  firstLeadingBit: {
    arguments: 1,
    of: { u32: (x) => 31 - Math.clz32(x), i32: (x) => 31 - Math.clz32(x < 0 ? ~x : x) },
  },
  reverseBits: integer(1, reverse),
};

/** Functions of bits whose later arguments are u32, whatever the first is. */
export const BIT_FIELDS: Record<string, Builtin> = {
  extractBits: { arguments: 3, of: { u32: extract(false), i32: extract(true) } },
  insertBits: integer(4, (x, inserted, offset, count) => {
    const from = Math.min(offset, 32);
    const width = Math.min(count, 32 - from);
    if (width === 0) return x;
    const bits = mask(width) << from;
    return (x & ~bits) | ((inserted << from) & bits);
  }),
};

/** What atomics do to the word: the old value and the argument. */
export const ATOMICS: Record<string, (old: number, value: number) => number> = {
  atomicLoad: (old) => old,
  atomicStore: (_, value) => value,
  atomicExchange: (_, value) => value,
  atomicAdd: (old, value) => old + value,
  atomicSub: (old, value) => old - value,
  atomicMax: Math.max,
  atomicMin: Math.min,
  atomicAnd: (old, value) => old & value,
  atomicOr: (old, value) => old | value,
  atomicXor: (old, value) => old ^ value,
};
