import type { Label, Op } from './thread';
import type { ScalarName } from './types';

/** Makes the operation that puts `a op b` into register `d`. */
export type BinaryOp = (d: number, a: number, b: number) => Op;
export type UnaryOp = (d: number, a: number) => Op;

const { fround, imul, trunc } = Math;

// Each operator is a function of its own, so that the engine compiles each by itself: these are the
// inner loop of the machine.
const F32: Record<string, BinaryOp> = {
  '+': (d, a, b) => (t) => void (t.r[d] = fround(t.r[a] + t.r[b])),
  '-': (d, a, b) => (t) => void (t.r[d] = fround(t.r[a] - t.r[b])),
  '*': (d, a, b) => (t) => void (t.r[d] = fround(t.r[a] * t.r[b])),
  '/': (d, a, b) => (t) => void (t.r[d] = fround(t.r[a] / t.r[b])),
  '%': (d, a, b) => (t) => void (t.r[d] = fround(t.r[a] % t.r[b])),
};

/** `x + a * b`, each rounded: what convolutions and matrix products are made of. */
export const ADD_PRODUCT =
  (d: number, x: number, a: number, b: number): Op =>
  (t) =>
    void (t.r[d] = fround(t.r[x] + fround(t.r[a] * t.r[b])));

const I32: Record<string, BinaryOp> = {
  '+': (d, a, b) => (t) => void (t.r[d] = (t.r[a] + t.r[b]) | 0),
  '-': (d, a, b) => (t) => void (t.r[d] = (t.r[a] - t.r[b]) | 0),
  '*': (d, a, b) => (t) => void (t.r[d] = imul(t.r[a], t.r[b])),
  '/': (d, a, b) => (t) => void (t.r[d] = t.r[b] === 0 ? t.r[a] : (t.r[a] / t.r[b]) | 0),
  '%': (d, a, b) => (t) => void (t.r[d] = t.r[b] === 0 ? 0 : (t.r[a] % t.r[b]) | 0),
  '&': (d, a, b) => (t) => void (t.r[d] = t.r[a] & t.r[b]),
  '|': (d, a, b) => (t) => void (t.r[d] = t.r[a] | t.r[b]),
  '^': (d, a, b) => (t) => void (t.r[d] = t.r[a] ^ t.r[b]),
  '<<': (d, a, b) => (t) => void (t.r[d] = t.r[a] << t.r[b]),
  '>>': (d, a, b) => (t) => void (t.r[d] = t.r[a] >> t.r[b]),
};

const U32: Record<string, BinaryOp> = {
  '+': (d, a, b) => (t) => void (t.r[d] = (t.r[a] + t.r[b]) >>> 0),
  '-': (d, a, b) => (t) => void (t.r[d] = (t.r[a] - t.r[b]) >>> 0),
  '*': (d, a, b) => (t) => void (t.r[d] = imul(t.r[a], t.r[b]) >>> 0),
  '/': (d, a, b) => (t) => void (t.r[d] = t.r[b] === 0 ? t.r[a] : trunc(t.r[a] / t.r[b])),
  '%': (d, a, b) => (t) => void (t.r[d] = t.r[b] === 0 ? 0 : t.r[a] % t.r[b]),
  '&': (d, a, b) => (t) => void (t.r[d] = (t.r[a] & t.r[b]) >>> 0),
  '|': (d, a, b) => (t) => void (t.r[d] = (t.r[a] | t.r[b]) >>> 0),
  '^': (d, a, b) => (t) => void (t.r[d] = (t.r[a] ^ t.r[b]) >>> 0),
  '<<': (d, a, b) => (t) => void (t.r[d] = (t.r[a] << t.r[b]) >>> 0),
  '>>': (d, a, b) => (t) => void (t.r[d] = t.r[a] >>> t.r[b]),
};

const BOOL: Record<string, BinaryOp> = {
  '&': (d, a, b) => (t) => void (t.r[d] = t.r[a] & t.r[b]),
  '|': (d, a, b) => (t) => void (t.r[d] = t.r[a] | t.r[b]),
};

const whole =
  (f: (a: bigint, b: bigint) => bigint): BinaryOp =>
  (d, a, b) =>
  (t) =>
    void (t.r[d] = Number(f(BigInt(t.r[a]), BigInt(t.r[b]))));
/** Abstract integers: 64 bits, at compile time alone. */
const INT: Record<string, BinaryOp> = {
  '+': whole((a, b) => a + b),
  '-': whole((a, b) => a - b),
  '*': whole((a, b) => a * b),
  '/': whole((a, b) => a / b),
  '%': whole((a, b) => a % b),
  '&': whole((a, b) => a & b),
  '|': whole((a, b) => a | b),
  '^': whole((a, b) => a ^ b),
  '<<': whole((a, b) => a << b),
  '>>': whole((a, b) => a >> b),
};

const EQUALITY: Record<string, BinaryOp> = {
  '==': (d, a, b) => (t) => void (t.r[d] = t.r[a] === t.r[b] ? 1 : 0),
  '!=': (d, a, b) => (t) => void (t.r[d] = t.r[a] === t.r[b] ? 0 : 1),
};
const ORDER: Record<string, BinaryOp> = {
  ...EQUALITY,
  '<': (d, a, b) => (t) => void (t.r[d] = t.r[a] < t.r[b] ? 1 : 0),
  '<=': (d, a, b) => (t) => void (t.r[d] = t.r[a] <= t.r[b] ? 1 : 0),
  '>': (d, a, b) => (t) => void (t.r[d] = t.r[a] > t.r[b] ? 1 : 0),
  '>=': (d, a, b) => (t) => void (t.r[d] = t.r[a] >= t.r[b] ? 1 : 0),
};

const ARITHMETIC: Record<ScalarName, Record<string, BinaryOp>> = {
  f32: F32,
  i32: I32,
  u32: U32,
  bool: BOOL,
  int: INT,
};

export const isComparison = (operator: string): boolean => operator in ORDER;
export const isShift = (operator: string): boolean => operator === '<<' || operator === '>>';

/** The operation of an operator on a type of number, or undefined where WGSL has none. */
export function binaryOp(operator: string, scalar: ScalarName): BinaryOp | undefined {
  return (scalar === 'bool' ? EQUALITY : ORDER)[operator] ?? ARITHMETIC[scalar][operator];
}

const negate: Partial<Record<ScalarName, UnaryOp>> = {
  f32: (d, a) => (t) => void (t.r[d] = -t.r[a]),
  int: (d, a) => (t) => void (t.r[d] = 0 - t.r[a]),
  i32: (d, a) => (t) => void (t.r[d] = -t.r[a] | 0),
};
const complement: Partial<Record<ScalarName, UnaryOp>> = {
  int: (d, a) => (t) => void (t.r[d] = -1 - t.r[a]),
  i32: (d, a) => (t) => void (t.r[d] = ~t.r[a]),
  u32: (d, a) => (t) => void (t.r[d] = ~t.r[a] >>> 0),
};
const not: Partial<Record<ScalarName, UnaryOp>> = {
  bool: (d, a) => (t) => void (t.r[d] = 1 - t.r[a]),
};

export function unaryOp(operator: string, scalar: ScalarName): UnaryOp | undefined {
  return { '-': negate, '~': complement, '!': not }[operator]?.[scalar];
}

/** Jumps where a comparison of two numbers does not hold: a comparison and a jump in one. */
export const JUMP_UNLESS: Record<string, (a: number, b: number, to: Label) => Op> = {
  '==': (a, b, to) => (t) => {
    if (!(t.r[a] === t.r[b])) t.pc = to.at;
  },
  '!=': (a, b, to) => (t) => {
    if (t.r[a] === t.r[b]) t.pc = to.at;
  },
  '<': (a, b, to) => (t) => {
    if (!(t.r[a] < t.r[b])) t.pc = to.at;
  },
  '<=': (a, b, to) => (t) => {
    if (!(t.r[a] <= t.r[b])) t.pc = to.at;
  },
  '>': (a, b, to) => (t) => {
    if (!(t.r[a] > t.r[b])) t.pc = to.at;
  },
  '>=': (a, b, to) => (t) => {
    if (!(t.r[a] >= t.r[b])) t.pc = to.at;
  },
};

/** Conversion of a number to another type of number, as `f32(x)` does it. */
export function conversion(from: ScalarName, to: ScalarName): (value: number) => number {
  if (to === 'bool') return (value) => (value === 0 ? 0 : 1);
  if (to === 'f32') return fround;
  if (from === 'f32' && to === 'u32') {
    return (value) => (value >= 4294967040 ? 4294967040 : value > 0 ? trunc(value) : 0);
  }
  if (from === 'f32' && to === 'i32') {
    return (value) =>
      value >= 2147483520
        ? 2147483520
        : value > -2147483648
          ? trunc(value) || 0
          : value < 0
            ? -2147483648
            : 0;
  }
  return to === 'i32'
    ? (value) => value | 0
    : to === 'u32'
      ? (value) => value >>> 0
      : (value) => value;
}
