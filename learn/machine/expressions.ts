import type { Compiler, Operand } from './compiler';
import { ADD_PRODUCT, binaryOp, conversion, isComparison, isShift, unaryOp } from './operators';
import { addressOf, follow, load, placeOf, placeOfValue } from './places';
import type { Expression, TypeNode } from './syntax';
import { typeOf as typeOfNode } from './type_nodes';
import {
  array,
  BOOL,
  F32,
  INT,
  isConcrete,
  lanesOf,
  scalarOf,
  U32,
  vector,
  withScalar,
  type Scalar,
  type Struct,
  type Type,
} from './types';

/** Compiles an expression; its value comes to lie in `into` if that costs nothing. */
export function expression(c: Compiler, node: Expression, into?: number): Operand {
  switch (node.astNodeType) {
    case 'varExpr':
      return load(c, placeOf(c, node), into);
    case 'unaryOp':
      if (node.operator === '*') return load(c, placeOf(c, node), into);
  }
  if (!node.postfix) return primary(c, node, into);
  return load(c, follow(c, placeOfValue(primary(c, node)), node.postfix), into);
}

function primary(c: Compiler, node: Expression, into?: number): Operand {
  switch (node.astNodeType) {
    case 'literalExpr':
      return c.constant(typeOf(c, node.type), Number(node.value.data[0]));
    case 'unaryOp':
      return unary(c, node.operator, node.right, into);
    case 'binaryOp':
      if (node.operator === '&&' || node.operator === '||') return shortCircuit(c, node);
      return binary(c, node.operator, ...pair(c, node.left, node.right), into);
    case 'createExpr':
      return construct(c, node.type!, node.args ?? [], into);
    case 'callExpr':
      return c.parts.call(c, node.name, node.args ?? [], into);
    case 'bitcastExpr':
      return bitcast(c, typeOf(c, node.type), concreteValue(c, node.value), into);
    default:
      return c.fail('the machine does not support this expression');
  }
}

/** Values in the order of the text; one that a later call might change is set aside. */
export function values(c: Compiler, nodes: Expression[]): Operand[] {
  const lastCall = nodes.map(c.calls).lastIndexOf(true);
  return nodes.map((node, i) => {
    const operand = expression(c, node);
    return i < lastCall ? c.keep(operand) : operand;
  });
}

const pair = (c: Compiler, a: Expression, b: Expression) => values(c, [a, b]) as [Operand, Operand];

/** The value as one of the type, in the given registers. */
export function expressionInto(c: Compiler, node: Expression, type: Type, reg: number): void {
  const value = c.coerce(expression(c, node, reg), type);
  c.copy(value.reg, reg, type.size);
}

export function concreteValue(c: Compiler, node: Expression, into?: number): Operand {
  return c.concrete(expression(c, node, into));
}

export function condition(c: Compiler, node: Expression): Operand {
  return c.coerce(expression(c, node), BOOL);
}

/** A whole number that is known while compiling: the length of an array. */
export function constantNumber(c: Compiler, node: Expression): number {
  const value = expression(c, node);
  if (!value.constant || value.type.kind !== 'scalar') c.fail('expected a constant number');
  return c.valueOf(value);
}

export function typeOf(c: Compiler, node: TypeNode): Type {
  return typeOfNode(c, node, (count) => constantNumber(c, count));
}

function unary(c: Compiler, operator: string, right: Expression, into?: number): Operand {
  if (operator === '&') return addressOf(c, placeOf(c, right));
  const operand = expression(c, right);
  const scalar = scalarOf(operand.type);
  const make = operand.type.kind !== 'atomic' && scalar && unaryOp(operator, scalar.name);
  if (!make) return c.fail(`no operator ${operator}${operand.type.name}`);
  return c.compute([operand], operand.type, into, (d, lane) => make(d, operand.reg + lane));
}

/** Two numbers of one type: a literal's takes the other's. */
export function unify(c: Compiler, a: Operand, b: Operand): [Operand, Operand] {
  const [of, other] = [scalarOf(a.type), scalarOf(b.type)];
  if (of === INT && other && other !== INT) return [c.coerce(a, withScalar(a.type, other)), b];
  if (other === INT && of && of !== INT) return [a, c.coerce(b, withScalar(b.type, of))];
  return [a, b];
}

/** The type of `a operator b`, lane by lane, after `unify`. */
export function binary(
  c: Compiler,
  operator: string,
  left: Operand,
  right: Operand,
  into?: number,
): Operand {
  let [a, b] = [left, right];
  if (isShift(operator)) {
    if (scalarOf(b.type) === INT) b = c.coerce(b, withScalar(b.type, U32));
    if (scalarOf(a.type) === INT && !b.constant) a = c.concrete(a);
  } else [a, b] = unify(c, a, b);
  const [of, other] = [scalarOf(a.type), scalarOf(b.type)];
  const wrong = () => {
    const mix = of && other && of !== other && of !== BOOL && other !== BOOL && !isShift(operator);
    const words = mix ? `: both sides must have one type; ${of.name}(…) converts` : '';
    return c.fail(`no operator ${a.type.name} ${operator} ${b.type.name}${words}`);
  };
  if (!of || !other || a.type.kind === 'atomic' || b.type.kind === 'atomic') return wrong();
  const make = binaryOp(operator, of.name);
  const [n, m] = [lanesOf(a.type), lanesOf(b.type)];
  const mixed = '+-*/%'.includes(operator) && (n === 1 || m === 1);
  if (!make || (isShift(operator) ? other !== U32 : of !== other) || (n !== m && !mixed))
    return wrong();
  const lanes = Math.max(n, m);
  const result = isComparison(operator) ? BOOL : of;
  const type = lanes === 1 ? result : vector(lanes, result);
  const leftOf = (lane: number) => a.reg + (n === 1 ? 0 : lane);
  const rightOf = (lane: number) => b.reg + (m === 1 ? 0 : lane);
  if (operator === '+' && of === F32) {
    const sum = addProduct(c, a, b, type, into);
    if (sum) return sum;
  }
  const value = c.compute([a, b], type, into, (d, lane) => make(d, leftOf(lane), rightOf(lane)));
  if (operator === '*' && of === F32 && !value.constant && value.reg !== into) {
    const all = Array.from({ length: lanes }, (_, i) => i);
    c.product = { reg: value.reg, a: all.map(leftOf), b: all.map(rightOf) };
  }
  return value;
}

/** `x + a * b`, where the product was computed last and nothing else wants it: one operation for two. */
function addProduct(
  c: Compiler,
  x: Operand,
  y: Operand,
  type: Type,
  into?: number,
): Operand | null {
  const { product } = c;
  if (!product) return null;
  const of = [x, y].find(({ reg, constant }) => reg === product.reg && !constant);
  const other = of === x ? y : x;
  if (!of || (of.type !== type && of.type.name !== type.name) || product.a.length !== type.size)
    return null;
  c.unemit(type.size);
  const stride = other.type.size === 1 ? 0 : 1;
  const inputs = [other, ...product.a.map(part), ...product.b.map(part)];
  return c.compute(inputs, type, into, (d, lane) =>
    ADD_PRODUCT(d, other.reg + stride * lane, product.a[lane], product.b[lane]),
  );
}

const part = (reg: number): Operand => ({ type: F32, reg, constant: false });

/** `a && b`, `a || b`: what the left side decides leaves the right side out. */
function shortCircuit(c: Compiler, node: Expression & { astNodeType: 'binaryOp' }): Operand {
  const decides = node.operator === '&&' ? 0 : 1;
  const left = condition(c, node.left);
  if (left.constant) return c.valueOf(left) === decides ? left : condition(c, node.right);
  const result = c.temporary(BOOL);
  const { reg } = result;
  const end = c.label();
  c.copy(left.reg, reg, 1);
  c.emit((t) => {
    if (t.r[reg] === decides) t.pc = end.at;
  });
  c.copy(condition(c, node.right).reg, reg, 1);
  c.place(end);
  return result;
}

export function bitcast(c: Compiler, to: Type, value: Operand, into?: number): Operand {
  const [from, target] = [scalarOf(value.type), scalarOf(to)];
  if (!from || !target || value.type.size !== to.size || from === BOOL || target === BOOL) {
    return c.fail(`${value.type.name} and ${to.name} differ in size`);
  }
  const { f32, i32, u32 } = BITS;
  const views = { f32, i32, u32 } as Record<string, { [i: number]: number }>;
  const [source, destination] = [views[from.name], views[target.name]];
  return c.compute([value], to, into, (d, lane) => {
    const a = value.reg + lane;
    return ({ r }) => {
      source[0] = r[a];
      r[d] = destination[0];
    };
  });
}

const buffer = new ArrayBuffer(4);
const BITS = {
  f32: new Float32Array(buffer),
  i32: new Int32Array(buffer),
  u32: new Uint32Array(buffer),
};

/** `T(…)`: zero, a conversion, or a value of parts. */
export function construct(
  c: Compiler,
  node: TypeNode,
  nodes: Expression[],
  into?: number,
): Operand {
  const parts = values(c, nodes);
  let type: Type;
  if (/^vec[234]$/.test(node.name) && !node.format) {
    const of = parts.length ? common(c, parts) : c.fail(`a ${node.name} of what?`);
    type = vector(Number(node.name[3]), of);
  } else if (node.name === 'array' && !node.format) {
    const first = parts[0] ?? c.fail('an array of what?');
    const of = scalarOf(first.type);
    type = array(of === INT ? withScalar(first.type, common(c, parts)) : first.type, parts.length);
  } else type = typeOf(c, node);
  if (parts.length === 0) return zero(c, type);
  switch (type.kind) {
    case 'scalar':
      if (parts.length > 1) c.fail(`${type.name} takes one value`);
      return convert(c, parts[0], type, into);
    case 'vector':
      return constructVector(c, type.count, type.of, parts, into);
    case 'array':
    case 'struct':
      return gather(c, type, parts);
    default:
      return c.fail(`${type.name} cannot be constructed`);
  }
}

/** The type of number that all have, literals aside. */
function common(c: Compiler, parts: Operand[]): Scalar {
  const scalars = parts.map(({ type }) => scalarOf(type) ?? c.fail(`${type.name} is not a number`));
  return scalars.find((scalar) => scalar !== INT) ?? INT;
}

function constructVector(
  c: Compiler,
  count: number,
  of: Scalar,
  parts: Operand[],
  into?: number,
): Operand {
  const type = vector(count, of);
  if (parts.length === 1 && parts[0].type.kind === 'vector') {
    if (parts[0].type.count !== count)
      c.fail(`${parts[0].type.name} does not match the components of ${type.name}`);
    return convert(c, parts[0], type, into);
  }
  const same = parts.map((part) => c.coerce(part, withScalar(part.type, of)));
  const sources = same.flatMap(({ type: { size }, reg }) =>
    Array.from({ length: size }, (_, i) => reg + i),
  );
  if (sources.length === 1) sources.push(...new Array<number>(count - 1).fill(sources[0]));
  if (sources.length !== count)
    c.fail(`${type.name} cannot be constructed from ${sources.length} components`);
  return c.compute(same, type, into, (d, lane) => {
    const from = sources[lane];
    return (t) => void (t.r[d] = t.r[from]);
  });
}

/** Elements or members side by side. */
function gather(c: Compiler, type: Type & { kind: 'array' | 'struct' }, parts: Operand[]): Operand {
  const wanted =
    type.kind === 'array'
      ? Array.from({ length: type.count ?? 0 }, (_, i) => ({
          type: type.of,
          offset: i * type.stride,
        }))
      : (type as Struct).members;
  if (wanted.length !== parts.length)
    c.fail(`${type.name} cannot be constructed from ${parts.length} values`);
  const same = parts.map((part, i) => c.coerce(part, wanted[i].type));
  const sources = new Map<number, number>();
  wanted.forEach(({ offset, type: { size } }, i) => {
    for (let k = 0; k < size; k++) sources.set(offset + k, same[i].reg + k);
  });
  return c.compute(same, type, undefined, (d, lane) => {
    const from = sources.get(lane);
    if (from === undefined) return () => {};
    return (t) => void (t.r[d] = t.r[from]);
  });
}

export function zero(c: Compiler, type: Type): Operand {
  if (type.kind === 'pointer' || type.kind === 'atomic' || !isConcrete(type))
    c.fail(`${type.name} has no zero`);
  return c.constant(type, ...new Array<number>(type.size).fill(0));
}

/** `f32(x)` and the like, lane by lane. */
function convert(c: Compiler, value: Operand, to: Type, into?: number): Operand {
  const [from, target] = [scalarOf(value.type), scalarOf(to)!];
  if (!from || value.type.size !== to.size)
    return c.fail(`${value.type.name} cannot be converted to ${to.name}`);
  if (from === target) return value;
  if (from === INT && target !== BOOL) return c.coerce(value, to);
  const f = conversion(from.name, target.name);
  return c.compute([value], to, into, (d, lane) => {
    const a = value.reg + lane;
    return (t) => void (t.r[d] = f(t.r[a]));
  });
}
