import type { Compiler } from './compiler';
import type { Findings } from './findings';
import type { Memory } from './memory';
import type { Op, Thread } from './thread';
import { leaves, scalarOf, type Space, type Type } from './types';

/**
 * Where a value lies: word `offset + stride * index` of a memory, or that register. An index is checked
 * against `limit` when the place is read or written.
 */
export interface Place {
  type: Type;
  name: string;
  space: Space;
  memory: Memory | null;
  offset: number;
  index: { reg: number; stride: number; limit: { count: number } } | null;
  mutable: boolean;
  constant: boolean;
}

export const ANYWHERE = { count: Infinity };

/**
 * A pointer is a number: the word, or the register, that it points to; for shared memory with the number
 * of the memory above. ANY stands for the memory that it will name.
 */
export const MEMORY_SHIFT = 2 ** 32;
export const ANY = { name: 'what a pointer points to' } as unknown as Memory;

type Outside = (index: number, thread: Thread, wrote?: boolean) => void;

export function outsideOf(findings: Findings, { memory, name }: Place): Outside {
  if (memory && memory !== ANY) {
    return (index, thread, wrote) => memory.outside(index, thread, wrote);
  }
  return (index, thread, wrote) => {
    if (!Number.isNaN(index)) findings.add('bounds', thread, { memory: name, at: index, wrote });
  };
}

type View = 'f32' | 'i32' | 'bits';
const viewOf = (type: Type): View => {
  const name = scalarOf(type)!.name;
  return name === 'f32' || name === 'i32' ? name : 'bits';
};

/**
 * The operation that calls `access` with the memory and the word of a place, or `otherwise` where there is no
 * such word.
 */
export function locate(
  c: Compiler,
  place: Place,
  access: (memory: Memory, word: number, thread: Thread) => void,
  otherwise: (thread: Thread) => void,
  wrote = false,
): Op {
  const { memory, offset, index, type } = place;
  const outside = outsideOf(c.findings, place);
  if (memory === ANY) {
    const { reg } = index!;
    const { memories } = c;
    return (t) => {
      const address = t.r[reg];
      const target = memories[Math.floor(address / MEMORY_SHIFT)];
      const word = (address % MEMORY_SHIFT) + offset;
      if (target && word + type.size <= target.bits.length) access(target, word, t);
      else {
        outside(word, t, wrote);
        otherwise(t);
      }
    };
  }
  if (!index) return (t) => access(memory!, offset, t);
  const { reg, stride, limit } = index;
  return (t) => {
    const i = t.r[reg];
    if (i >= 0 && i < limit.count) access(memory!, (offset + i * stride) | 0, t);
    else {
      outside(i, t, wrote);
      otherwise(t);
    }
  };
}

export function loadOp(c: Compiler, place: Place, to: number): Op {
  const { type, memory, offset, index } = place;
  const { size } = type;
  if (!memory) return registerLoad(c, place, to);
  const clear = ({ r }: Thread) => {
    r.fill(0, to, to + size);
  };
  if (type.kind === 'scalar' && index && memory !== ANY) {
    const { reg, stride, limit } = index;
    return SCALAR_LOADS[viewOf(type)](to, memory, offset, reg, stride, limit);
  }
  if (type.kind === 'scalar' || type.kind === 'vector') {
    const view = viewOf(type);
    const read = (source: Memory, word: number, t: Thread) => {
      if (source.observed) source.read(word, size, t);
      const words = source[view];
      for (let k = 0; k < size; k++) t.r[to + k] = words[word + k];
    };
    return locate(c, place, read, clear);
  }
  const parts = leaves(type).map((leaf) => ({ at: leaf.offset, view: viewOf(leaf.scalar) }));
  const read = (source: Memory, word: number, t: Thread) => {
    for (const { at, view } of parts) {
      if (source.observed) source.read(word + at, 1, t);
      t.r[to + at] = source[view][word + at];
    }
  };
  return locate(c, place, read, clear);
}

export function storeOp(c: Compiler, place: Place, from: number): Op {
  const { type, memory, offset, index } = place;
  const { size } = type;
  if (!memory) return registerStore(c, place, from);
  const leave = () => {};
  if (type.kind === 'scalar' && index && memory !== ANY) {
    const { reg, stride, limit } = index;
    return SCALAR_STORES[viewOf(type)](from, memory, offset, reg, stride, limit);
  }
  if (type.kind === 'scalar' || type.kind === 'vector') {
    const view = viewOf(type);
    const write = (target: Memory, word: number, t: Thread) => {
      target.write(word, size, t);
      const words = target[view];
      for (let k = 0; k < size; k++) words[word + k] = t.r[from + k];
    };
    return locate(c, place, write, leave, true);
  }
  const parts = leaves(type).map((leaf) => ({ at: leaf.offset, view: viewOf(leaf.scalar) }));
  const write = (target: Memory, word: number, t: Thread) => {
    for (const { at, view } of parts) {
      target.write(word + at, 1, t);
      target[view][word + at] = t.r[from + at];
    }
  };
  return locate(c, place, write, leave, true);
}

function registerLoad(c: Compiler, place: Place, to: number): Op {
  const { size } = place.type;
  const { reg, stride, limit } = place.index!;
  const { offset } = place;
  const outside = outsideOf(c.findings, place);
  return (t) => {
    const { r } = t;
    const i = r[reg];
    if (i >= 0 && i < limit.count) {
      const from = (offset + i * stride) | 0;
      if (size === 1) r[to] = r[from];
      else r.copyWithin(to, from, from + size);
    } else {
      outside(i, t);
      r.fill(0, to, to + size);
    }
  };
}

function registerStore(c: Compiler, place: Place, from: number): Op {
  const { size } = place.type;
  const { reg, stride, limit } = place.index!;
  const { offset } = place;
  const outside = outsideOf(c.findings, place);
  return (t) => {
    const { r } = t;
    const i = r[reg];
    if (i >= 0 && i < limit.count) {
      const to = (offset + i * stride) | 0;
      if (size === 1) r[to] = r[from];
      else r.copyWithin(to, from, from + size);
    } else outside(i, t, true);
  };
}

type ScalarAccess = (
  reg: number,
  memory: Memory,
  offset: number,
  index: number,
  stride: number,
  limit: { count: number },
) => Op;

// One number at an index is what nearly every access is; so each type has its own operation.
const SCALAR_LOADS: Record<View, ScalarAccess> = {
  f32: (to, memory, offset, index, stride, limit) => (t) => {
    const { r } = t;
    const i = r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      if (memory.observed) memory.read(word, 1, t);
      r[to] = memory.f32[word];
    } else {
      memory.outside(i, t);
      r[to] = 0;
    }
  },
  i32: (to, memory, offset, index, stride, limit) => (t) => {
    const { r } = t;
    const i = r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      if (memory.observed) memory.read(word, 1, t);
      r[to] = memory.i32[word];
    } else {
      memory.outside(i, t);
      r[to] = 0;
    }
  },
  bits: (to, memory, offset, index, stride, limit) => (t) => {
    const { r } = t;
    const i = r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      if (memory.observed) memory.read(word, 1, t);
      r[to] = memory.bits[word];
    } else {
      memory.outside(i, t);
      r[to] = 0;
    }
  },
};

const SCALAR_STORES: Record<View, ScalarAccess> = {
  f32: (from, memory, offset, index, stride, limit) => (t) => {
    const i = t.r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      memory.write(word, 1, t);
      memory.f32[word] = t.r[from];
    } else memory.outside(i, t, true);
  },
  i32: (from, memory, offset, index, stride, limit) => (t) => {
    const i = t.r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      memory.write(word, 1, t);
      memory.i32[word] = t.r[from];
    } else memory.outside(i, t, true);
  },
  bits: (from, memory, offset, index, stride, limit) => (t) => {
    const i = t.r[index];
    if (i >= 0 && i < limit.count) {
      const word = (offset + i * stride) | 0;
      memory.write(word, 1, t);
      memory.bits[word] = t.r[from];
    } else memory.outside(i, t, true);
  },
};
