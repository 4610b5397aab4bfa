import { locate, type Place } from './accesses';
import { ATOMICS, BIT_FIELDS, BUILTINS, type NumberFunction } from './builtins';
import type { Compiler, FunctionInfo, Operand } from './compiler';
import { binary, construct, expression, unify, values } from './expressions';
import { load, pointee, placeOf } from './places';
import { isSubgroupOperation, subgroupOperation } from './subgroups';
import type { Expression } from './syntax';
import { State, type Op } from './thread';
import {
  BOOL,
  F32,
  INT,
  lanesOf,
  scalarOf,
  U32,
  VOID,
  withScalar,
  type Scalar,
  type Space,
} from './types';

/** A call of a function of the program or of WGSL. */
export function call(c: Compiler, name: string, nodes: Expression[], into?: number): Operand {
  const own = c.functions.get(name);
  if (own) return callFunction(c, own, nodes, into);
  if (c.structure(name)) return construct(c, { name }, nodes, into);
  if (name in BARRIERS) return barrier(c, BARRIERS[name]);
  if (name in ATOMICS) return atomic(c, name, nodes);
  if (name === 'arrayLength') return arrayLength(c, argument(c, name, nodes, 1)[0]);
  if (name === 'workgroupUniformLoad') {
    const place = shared(c, argument(c, name, nodes, 1)[0]);
    barrier(c, 'workgroup');
    const value = place.type.kind === 'atomic' ? atomicOp(c, 'atomicLoad', place) : load(c, place);
    barrier(c, 'workgroup');
    return value;
  }
  if (isSubgroupOperation(name)) return subgroupOperation(c, name, values(c, nodes), into);
  if (name in BUILTINS || name in BIT_FIELDS || name in COMPOSED) {
    const operands = values(c, nodes);
    if (name in COMPOSED) return COMPOSED[name](c, operands, into);
    return numberFunction(c, name, operands, into);
  }
  return c.fail(`unknown function '${name}'`);
}

function argument(c: Compiler, name: string, nodes: Expression[], count: number): Expression[] {
  if (nodes.length !== count) c.fail(`${name} takes ${count} arguments, not ${nodes.length}`);
  return nodes;
}

/** A call is compiled where it stands: its parameters are names for the arguments. */
function callFunction(c: Compiler, f: FunctionInfo, nodes: Expression[], into?: number): Operand {
  const { name, parameters, result: type } = f;
  argument(c, name, nodes, parameters.length);
  if (c.calling.includes(name)) c.fail(`'${name}' calls itself`);
  // What the function may change, a global variable or by way of a pointer, it is given as it was.
  const changes = c.hasPrivate || parameters.some((each) => each.type.kind === 'pointer');
  const given = values(c, nodes).map((operand, i) => {
    const value = c.coerce(operand, parameters[i].type);
    return changes ? c.keep(value) : value;
  });
  const { line, scope, returning } = c;
  const reg = into ?? c.allocate(type.size);
  const end = c.label();
  c.calling.push(name);
  c.scope = c.functionScope();
  c.returning = { type, reg, end };
  parameters.forEach((parameter, i) => {
    const { constant, reg: from } = given[i];
    c.declare({
      ...parameter,
      space: 'function',
      reg: from,
      memory: null,
      mutable: false,
      constant,
    });
  });
  c.temporarily(() => c.parts.functionBody(c, f.body));
  c.place(end);
  c.calling.pop();
  Object.assign(c, { line, scope, returning });
  return { type, reg, constant: false };
}

const BARRIERS: Record<string, Space> = {
  workgroupBarrier: 'workgroup',
  storageBarrier: 'storage',
};

function barrier(c: Compiler, orders: Space): Operand {
  const at = c.emit((t) => {
    t.state = State.Barrier;
  });
  c.barriers.set(at, orders);
  return { type: VOID, reg: 0, constant: false };
}

/** What a pointer in an argument points to: `&name` is it without detour. */
function shared(c: Compiler, node: Expression): Place {
  if (node.astNodeType === 'unaryOp' && node.operator === '&') return placeOf(c, node.right);
  return pointee(c, expression(c, node));
}

function arrayLength(c: Compiler, node: Expression): Operand {
  const place = shared(c, node);
  if (place.type.kind !== 'array' || place.type.count !== null || !place.memory?.elements) {
    return c.fail('arrayLength needs a runtime-sized array in storage');
  }
  const { elements } = place.memory;
  const length = c.temporary(U32);
  c.emit((t) => void (t.r[length.reg] = elements.count));
  return length;
}

function atomic(c: Compiler, name: string, nodes: Expression[]): Operand {
  const readsOnly = name === 'atomicLoad';
  argument(c, name, nodes, readsOnly ? 1 : 2);
  const place = shared(c, nodes[0]);
  if (place.type.kind !== 'atomic')
    return c.fail(`${name} takes an atomic, not ${place.type.name}`);
  const value = readsOnly ? undefined : c.coerce(expression(c, nodes[1]), place.type.of);
  return atomicOp(c, name, place, value);
}

function atomicOp(c: Compiler, name: string, place: Place, value?: Operand): Operand {
  const of = scalarOf(place.type)!;
  const result = c.temporary(of);
  const next = ATOMICS[name];
  const view = of.name === 'i32' ? 'i32' : 'bits';
  const from = value?.reg ?? result.reg;
  const to = result.reg;
  const writes = name !== 'atomicLoad';
  c.emit(
    locate(
      c,
      place,
      (memory, word, t) => {
        if (writes) memory.write(word, 1, t);
        else memory.read(word, 1, t);
        const words = memory[view];
        const operand = t.r[from];
        const old = words[word];
        t.r[to] = old;
        if (writes) words[word] = next(old, operand);
      },
      (t) => void (t.r[to] = 0),
    ),
  );
  return name === 'atomicStore' ? { ...result, type: VOID } : result;
}

// ---- functions of numbers

type Maker = (d: number, a: number, b: number, c: number, e: number) => Op;

const { fround } = Math;

/** Rounds what a function gives to its type. */
function maker(f: NumberFunction, scalar: Scalar): Maker {
  if (scalar.name === 'f32') {
    if (f.length === 1) return (d, a) => (t) => void (t.r[d] = fround(f(t.r[a], 0, 0, 0)));
    return (d, a, b, c) => (t) => void (t.r[d] = fround(f(t.r[a], t.r[b], t.r[c], 0)));
  }
  if (scalar.name === 'u32') {
    return (d, a, b, c, e) => (t) => void (t.r[d] = f(t.r[a], t.r[b], t.r[c], t.r[e]) >>> 0);
  }
  if (scalar.name === 'i32') {
    return (d, a, b, c, e) => (t) => void (t.r[d] = f(t.r[a], t.r[b], t.r[c], t.r[e]) | 0);
  }
  return (d, a, b, c) => (t) => void (t.r[d] = f(t.r[a], t.r[b], t.r[c], 0));
}

function numberFunction(c: Compiler, name: string, given: Operand[], into?: number): Operand {
  const builtin = BUILTINS[name] ?? BIT_FIELDS[name];
  if (given.length !== builtin.arguments) {
    c.fail(`${name} takes ${builtin.arguments} arguments, not ${given.length}`);
  }
  let operands = given;
  if (name in BIT_FIELDS) {
    const same = name === 'insertBits' ? 2 : 1;
    operands = given.map((each, i) => (i < same ? c.concrete(each) : c.coerce(each, U32)));
  } else {
    const others = given.map(({ type }) => scalarOf(type)).filter((scalar) => scalar !== INT);
    // A literal alone becomes what the function is of.
    const of = others[0] ?? (builtin.of.int ? INT : builtin.of.i32 ? undefined : F32);
    operands = given.map((each) =>
      scalarOf(each.type) !== INT || of === INT
        ? each
        : of
          ? c.coerce(each, withScalar(each.type, of))
          : c.concrete(each),
    );
  }
  const [{ type }] = operands;
  const scalar = scalarOf(type);
  const f = scalar && type.kind !== 'atomic' && builtin.of[scalar.name];
  const lanes = Math.max(...operands.map((each) => lanesOf(each.type)));
  const fits = operands.every(
    (each, i) =>
      (name in BIT_FIELDS && i > 0) ||
      each.type.name === type.name ||
      (name === 'mix' && i === 2 && each.type === scalar),
  );
  if (!f || !fits)
    return c.fail(`no overload ${name}(${given.map((each) => each.type.name).join(', ')})`);
  const make = maker(f, scalar);
  const reg = (i: number, lane: number) =>
    operands[i] ? operands[i].reg + (lanesOf(operands[i].type) === 1 ? 0 : lane) : 0;
  return c.compute(operands, lanes === 1 ? scalar : type, into, (d, lane) =>
    make(d, reg(0, lane), reg(1, lane), reg(2, lane), reg(3, lane)),
  );
}

type Composed = (c: Compiler, given: Operand[], into?: number) => Operand;

const one = (c: Compiler, given: Operand[], count: number): void => {
  if (given.length !== count) c.fail(`expected ${count} arguments, got ${given.length}`);
};

/** A lane of a vector. */
const lane = (vector: Operand, i: number): Operand => ({
  ...vector,
  type: scalarOf(vector.type)!,
  reg: vector.reg + i,
});

function dot(c: Compiler, a: Operand, b: Operand, into?: number): Operand {
  if (a.type.kind !== 'vector' || a.type.name !== b.type.name)
    c.fail('dot takes two vectors of the same type');
  let sum = binary(c, '*', lane(a, 0), lane(b, 0));
  for (let i = 1; i < lanesOf(a.type); i++) {
    const last = i === lanesOf(a.type) - 1;
    sum = binary(c, '+', sum, binary(c, '*', lane(a, i), lane(b, i)), last ? into : undefined);
  }
  return sum;
}

const root = (c: Compiler, square: Operand, into?: number) =>
  numberFunction(c, 'sqrt', [square], into);

function length(c: Compiler, v: Operand, into?: number): Operand {
  return v.type.kind === 'vector'
    ? root(c, dot(c, v, v), into)
    : numberFunction(c, 'abs', [v], into);
}

function anyOrAll(all: boolean): Composed {
  return (c, given, into) => {
    one(c, given, 1);
    const [{ type, reg }] = given;
    if (scalarOf(type) !== BOOL) c.fail('expected a bool or a vector of bools');
    const n = lanesOf(type);
    return c.compute(given, BOOL, into, (d) => ({ r }) => {
      let count = 0;
      for (let i = 0; i < n; i++) count += r[reg + i];
      r[d] = (all ? count === n : count > 0) ? 1 : 0;
    });
  };
}

/** Functions that look at a vector as a whole, or at several types. */
const COMPOSED: Record<string, Composed> = {
  select(c, given, into) {
    one(c, given, 3);
    const [no, yes] = unify(c, given[0], given[1]);
    const which = given[2];
    const n = lanesOf(which.type);
    if (
      no.type.name !== yes.type.name ||
      scalarOf(which.type) !== BOOL ||
      (n > 1 && n !== lanesOf(no.type))
    ) {
      c.fail(`no overload select(${given.map((each) => each.type.name).join(', ')})`);
    }
    return c.compute([no, yes, which], no.type, into, (d, i) => {
      const [a, b, w] = [no.reg + i, yes.reg + i, which.reg + (n === 1 ? 0 : i)];
      return (t) => void (t.r[d] = t.r[w] === 0 ? t.r[a] : t.r[b]);
    });
  },
  any: anyOrAll(false),
  all: anyOrAll(true),
  dot(c, given, into) {
    one(c, given, 2);
    return dot(c, ...unify(c, given[0], given[1]), into);
  },
  length(c, given, into) {
    one(c, given, 1);
    return length(c, given[0], into);
  },
  distance(c, given, into) {
    one(c, given, 2);
    return length(c, binary(c, '-', given[0], given[1]), into);
  },
  normalize(c, given, into) {
    one(c, given, 1);
    return binary(c, '/', given[0], length(c, given[0]), into);
  },
  cross(c, given) {
    one(c, given, 2);
    const [a, b] = given;
    if (a.type.name !== 'vec3<f32>' || b.type.name !== a.type.name)
      c.fail('cross takes two vec3<f32>');
    const parts = [0, 1, 2].map((i) => {
      const [j, k] = [(i + 1) % 3, (i + 2) % 3];
      return binary(
        c,
        '-',
        binary(c, '*', lane(a, j), lane(b, k)),
        binary(c, '*', lane(a, k), lane(b, j)),
      );
    });
    return c.compute(parts, a.type, undefined, (d, i) => {
      const from = parts[i].reg;
      return (t) => void (t.r[d] = t.r[from]);
    });
  },
};
