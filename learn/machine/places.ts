import { ANY, ANYWHERE, loadOp, MEMORY_SHIFT, outsideOf, storeOp, type Place } from './accesses';
import { concreteType, type Compiler, type Operand, type Variable } from './compiler';
import type { Access, Expression } from './syntax';
import { pointer, scalarOf, vector } from './types';

const COMPONENTS = 'xyzwrgba';

export function placeOf(c: Compiler, node: Expression, keep = false): Place {
  if (node.astNodeType === 'unaryOp' && node.operator === '*') {
    return follow(c, pointee(c, c.parts.expression(c, node.right)), node.postfix, keep);
  }
  if (node.astNodeType !== 'varExpr') return c.fail('this cannot be written to');
  const variable = c.lookUp(node.name);
  // p.x and p[i] of a pointer are those of what it points to.
  const place =
    variable.type.kind === 'pointer' && node.postfix
      ? pointee(c, { type: variable.type, reg: variable.reg, constant: false })
      : placeOfVariable(variable);
  return follow(c, place, node.postfix, keep);
}

export function placeOfVariable(variable: Variable): Place {
  const { type, name, space, memory, mutable, constant } = variable;
  return {
    type,
    name,
    space,
    memory,
    offset: memory ? 0 : variable.reg,
    index: null,
    mutable,
    constant,
  };
}

/** The place of a value that was just computed. */
export function placeOfValue({ type, reg, constant }: Operand): Place {
  return {
    type,
    name: 'a value',
    space: 'function',
    memory: null,
    offset: reg,
    index: null,
    mutable: false,
    constant,
  };
}

export function addressOf(c: Compiler, place: Place): Operand {
  const type = pointer(place.type, place.space);
  const base = place.memory ? c.memories.indexOf(place.memory) * MEMORY_SHIFT : 0;
  if (!place.index) return c.constant(type, base + place.offset);
  const address = c.temporary(type);
  const { offset } = place;
  const at = checkedIndex(c, place);
  c.emit((t) => void (t.r[address.reg] = t.r[at] + base + offset));
  return address;
}

/** What a pointer points to. Its memory is known at run time: each space has a memory that stands for all. */
export function pointee(c: Compiler, address: Operand): Place {
  if (address.type.kind !== 'pointer') return c.fail(`${address.type.name} is not a pointer`);
  const { to, space } = address.type;
  const shared = space !== 'function' && space !== 'private';
  if (shared && space !== 'workgroup' && space !== 'storage') {
    c.fail(`the machine does not support pointers to ${space} memory`);
  }
  return {
    type: to,
    name: 'what a pointer points to',
    space,
    memory: shared ? ANY : null,
    offset: 0,
    index: { reg: address.reg, stride: 1, limit: ANYWHERE },
    mutable: true,
    constant: false,
  };
}

/** Makes one number of an index that has been checked, NaN where it is outside. */
function checkedIndex(c: Compiler, place: Place): number {
  const { reg, stride, limit } = place.index!;
  if (limit === ANYWHERE && stride === 1) return reg;
  const at = c.allocate(1);
  const outside = outsideOf(c.findings, place);
  c.emit((t) => {
    const i = t.r[reg];
    if (i >= 0 && i < limit.count) t.r[at] = i * stride;
    else {
      outside(i, t);
      t.r[at] = NaN;
    }
  });
  return at;
}

/** The place after the indices and members that follow a name. */
export function follow(c: Compiler, from: Place, access: Access | null, keep = false): Place {
  let place = from;
  for (let next = access; next; next = next.postfix) {
    if ('index' in next) {
      let index = c.parts.expression(c, next.index);
      if (keep || c.calls(next.postfix)) index = c.keep(index);
      place = element(c, place, index);
    } else place = member(c, place, next.value);
  }
  return place;
}

function element(c: Compiler, place: Place, index: Operand): Place {
  const { type, memory } = place;
  const name = scalarOf(index.type)?.name;
  if (index.type.kind !== 'scalar' || (name !== 'int' && name !== 'i32' && name !== 'u32')) {
    c.fail(`an index must be i32 or u32, not ${index.type.name}`);
  }
  if (type.kind !== 'array' && type.kind !== 'vector')
    return c.fail(`${type.name} has no elements`);
  const stride = type.kind === 'array' ? type.stride : 1;
  const { count } = type;
  if (index.constant && count !== null) {
    const i = c.valueOf(index);
    if (i < 0 || i >= count) c.fail(`index ${i} is out of range for ${type.name}`);
    return { ...place, type: type.of, offset: place.offset + i * stride };
  }
  const limit = count !== null ? { count } : memory === ANY ? ANYWHERE : memory!.elements;
  let { reg } = index;
  let step = stride;
  let bound = limit;
  if (place.index) {
    const before = checkedIndex(c, place);
    const here = checkedIndex(c, { ...place, index: { reg, stride, limit } });
    const sum = c.allocate(1);
    c.emit((t) => void (t.r[sum] = t.r[before] + t.r[here]));
    [reg, step, bound] = [sum, 1, ANYWHERE];
  }
  const constant = place.constant && index.constant;
  return { ...place, type: type.of, index: { reg, stride: step, limit: bound }, constant };
}

function member(c: Compiler, place: Place, name: string): Place {
  const { type } = place;
  if (type.kind === 'struct') {
    const found = type.members.find((each) => each.name === name);
    if (!found) return c.fail(`${type.name} has no member '${name}'`);
    return { ...place, type: found.type, offset: place.offset + found.offset };
  }
  if (type.kind !== 'vector') {
    const how =
      type.kind === 'array' && name === 'length' ? `: write arrayLength(&${place.name})` : '';
    return c.fail(`${type.name} has no member '${name}'${how}`);
  }
  const lanes = [...name].map((letter) => COMPONENTS.indexOf(letter) % 4);
  if (lanes.length > 4 || lanes.some((lane) => lane < 0 || lane >= type.count)) {
    c.fail(`${type.name} has no component '${name}'`);
  }
  if (lanes.length === 1) return { ...place, type: type.of, offset: place.offset + lanes[0] };
  const whole = load(c, place);
  const swizzled = c.compute([whole], vector(lanes.length, type.of), undefined, (d, lane) => {
    const from = whole.reg + lanes[lane];
    return (t) => void (t.r[d] = t.r[from]);
  });
  return placeOfValue(swizzled);
}

/** The value of a place: in its own registers where it is a register already. */
export function load(c: Compiler, place: Place, into?: number): Operand {
  const { type, memory, offset, index } = place;
  if (type.kind === 'atomic') c.fail('an atomic is read with atomicLoad');
  if (type.kind === 'array' && type.count === null)
    c.fail(`${type.name} cannot be read as a whole`);
  if (!memory && !index) {
    const { mutable, constant } = place;
    return { type, reg: offset, constant, variable: mutable };
  }
  const reg = into ?? c.allocate(type.size);
  c.emit(loadOp(c, place, reg));
  return { type: concreteType(type), reg, constant: false };
}

export function store(c: Compiler, place: Place, value: Operand): void {
  const { type, memory, offset, index } = place;
  if (!place.mutable || (memory && memory !== ANY && !memory.writable)) {
    const why = memory ? 'it is declared for reading alone' : 'use var for what changes';
    c.fail(`${place.name} cannot be written to: ${why}`);
  }
  if (type.kind === 'atomic') c.fail('an atomic is written with atomicStore');
  if (!memory && !index) c.copy(value.reg, offset, type.size);
  else c.emit(storeOp(c, place, value.reg));
}
