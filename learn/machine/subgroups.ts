import type { Compiler, Operand } from './compiler';
import { State, type Thread } from './thread';
import { BOOL, INT, lanesOf, scalarOf, U32, withScalar, type ScalarName, type Type } from './types';

/** From the values of the lanes, and the argument of each, to what each gets. Lanes are named by `ids`. */
type Combine = (values: number[], ids: number[], arguments_: number[], of: ScalarName) => number[];

const { fround, imul } = Math;

const ADD = (of: ScalarName) =>
  of === 'f32'
    ? (a: number, b: number) => fround(a + b)
    : (a: number, b: number) => (of === 'u32' ? (a + b) >>> 0 : (a + b) | 0);
const MULTIPLY = (of: ScalarName) =>
  of === 'f32'
    ? (a: number, b: number) => fround(a * b)
    : (a: number, b: number) => (of === 'u32' ? imul(a, b) >>> 0 : imul(a, b));

type Fold = (of: ScalarName) => (a: number, b: number) => number;
const all =
  (fold: Fold): Combine =>
  (values, _ids, _arguments, of) =>
    values.map(() => values.reduce(fold(of)));
const scan =
  (fold: Fold, start: number, inclusive: boolean): Combine =>
  (values, _ids, _arguments, of) => {
    let sum = start;
    return values.map((value) => {
      const before = sum;
      sum = fold(of)(sum, value);
      return inclusive ? sum : before;
    });
  };
const from =
  (lane: (id: number, argument: number) => number): Combine =>
  (values, ids, arguments_) =>
    ids.map((id, i) => values[ids.indexOf(lane(id, arguments_[i]))] ?? 0);
const bits = (f: (a: number, b: number) => number) =>
  all((of) => (a, b) => (of === 'u32' ? f(a, b) >>> 0 : f(a, b)));

const OPERATIONS: Record<string, { combine: Combine; argument?: boolean; of?: 'bool' }> = {
  subgroupAdd: { combine: all(ADD) },
  subgroupMul: { combine: all(MULTIPLY) },
  subgroupMin: { combine: all(() => Math.min) },
  subgroupMax: { combine: all(() => Math.max) },
  subgroupAnd: { combine: bits((a, b) => a & b) },
  subgroupOr: { combine: bits((a, b) => a | b) },
  subgroupXor: { combine: bits((a, b) => a ^ b) },
  subgroupInclusiveAdd: { combine: scan(ADD, 0, true) },
  subgroupExclusiveAdd: { combine: scan(ADD, 0, false) },
  subgroupInclusiveMul: { combine: scan(MULTIPLY, 1, true) },
  subgroupExclusiveMul: { combine: scan(MULTIPLY, 1, false) },
  subgroupBroadcast: { combine: from((_, lane) => lane), argument: true },
  subgroupShuffle: { combine: from((_, lane) => lane), argument: true },
  subgroupShuffleXor: { combine: from((id, mask) => id ^ mask), argument: true },
  subgroupShuffleUp: { combine: from((id, delta) => id - delta), argument: true },
  subgroupShuffleDown: { combine: from((id, delta) => id + delta), argument: true },
  subgroupBroadcastFirst: { combine: (values) => values.map(() => values[0]) },
  subgroupAll: { combine: all(() => (a, b) => a & b), of: 'bool' },
  subgroupAny: { combine: all(() => (a, b) => a | b), of: 'bool' },
};

export const isSubgroupOperation = (name: string): boolean =>
  name in OPERATIONS || name === 'subgroupElect';

/**
 * The lanes of a subgroup meet here: each waits, and when all have come their values are exchanged, from the
 * registers of each to those of the others.
 */
export function subgroupOperation(
  c: Compiler,
  name: string,
  given: Operand[],
  into?: number,
): Operand {
  if (name === 'subgroupElect') {
    const result = c.temporary(BOOL);
    meet(c, (lanes) => lanes.forEach(({ r }, i) => (r[result.reg] = i === 0 ? 1 : 0)));
    return result;
  }
  const { combine, argument, of } = OPERATIONS[name];
  if (given.length !== (argument ? 2 : 1)) c.fail(`${name} takes ${argument ? 2 : 1} arguments`);
  const value = c.concrete(given[0]);
  const scalar = scalarOf(value.type);
  if (!scalar || (scalar === BOOL) !== (of === 'bool'))
    c.fail(`no overload ${name}(${value.type.name})`);
  const lane = argument ? laneArgument(c, given[1]) : null;
  const { size } = value.type;
  const type: Type = lanesOf(value.type) === 1 ? scalar! : value.type;
  const to = into ?? c.allocate(size);
  meet(c, (lanes, ids) => {
    const arguments_ = lane ? lanes.map(({ r }) => r[lane.reg]) : [];
    for (let k = 0; k < size; k++) {
      const results = combine(
        lanes.map(({ r }) => r[value.reg + k]),
        ids,
        arguments_,
        scalar!.name,
      );
      lanes.forEach(({ r }, i) => (r[to + k] = results[i]));
    }
  });
  return { type, reg: to, constant: false };
}

function laneArgument(c: Compiler, operand: Operand): Operand {
  return scalarOf(operand.type) === INT
    ? c.coerce(operand, withScalar(operand.type, U32))
    : operand;
}

function meet(c: Compiler, exchange: (lanes: Thread[], ids: number[]) => void): void {
  const at = c.emit((t) => {
    t.state = State.Subgroup;
  });
  c.exchanges.set(at, exchange);
}
