import { FacegradError } from '../gpu/errors';
import { written, type Dispatch } from './dispatch';
import type { Tape } from './tape';
import type { Value } from './value';

/** Bytes of temporaries, as if each had its own buffer and as laid out, and of the state that is bound. */
export interface Memory {
  before: number;
  after: number;
  state: number;
}

const endOf = ({ offset, bytes }: Value) => offset + bytes / 4;

/** Walks back from what is kept: a dispatch stays if it writes state or something that is read later. */
export function dropUnread(dispatches: Dispatch[], keep: Set<Value>): Dispatch[] {
  const needed = new Set(keep);
  const kept: Dispatch[] = [];
  for (const dispatch of [...dispatches].reverse()) {
    if (!written(dispatch).some(({ root }) => root.role === 'state' || needed.has(root))) continue;
    kept.push(dispatch);
    for (const value of Object.values(dispatch.values)) needed.add(value.root);
  }
  return kept.reverse();
}

/**
 * WebGPU refuses one buffer bound for reading and for writing in the same dispatch, and parts of it
 * bound for writing that overlap.
 */
export function refuseAliasing(dispatch: Dispatch): void {
  const writes = written(dispatch);
  const roots = new Set(writes.map(({ root }) => root));
  writes.forEach((a, i) => {
    for (const b of writes.slice(i + 1)) {
      if (a.root !== b.root || endOf(a) <= b.offset || endOf(b) <= a.offset) continue;
      throw new FacegradError('internal', `${dispatch.kernel.name} writes ${a.root.name} twice`);
    }
  });
  for (const { name, access } of dispatch.kernel.shader.bindings) {
    const { root } = dispatch.values[name];
    if (access === 'read' && roots.has(root)) {
      throw new FacegradError(
        'internal',
        `${dispatch.kernel.name} both reads and writes ${root.name}`,
      );
    }
  }
}

/** The first and the last dispatch that use a temporary. */
interface Life {
  first: number;
  last: number;
}

/**
 * The largest temporaries choose first: each takes the smallest buffer whose others live at other times, else a
 * new one. So no small one that lives long sits in a large buffer that another could have used.
 */
export function layOut(
  dispatches: Dispatch[],
  keep: Value[],
): { slots: Map<Value, number>; sizes: number[]; before: number } {
  const lives = new Map<Value, Life>();
  dispatches.forEach(({ values }, i) => {
    for (const { root } of Object.values(values)) {
      if (root.role !== 'temporary') continue;
      lives.set(root, { first: lives.get(root)?.first ?? i, last: i });
    }
  });
  for (const { root } of keep) {
    const life = lives.get(root);
    if (life) life.last = Infinity;
  }
  const slots = new Map<Value, number>();
  const sizes: number[] = [];
  const tenants: Life[][] = [];
  for (const [root, life] of [...lives].sort(([a], [b]) => b.bytes - a.bytes)) {
    const apart = ({ first, last }: Life) => last < life.first || life.last < first;
    // Every buffer is as large as its first tenant, so the last is the smallest.
    let slot = tenants.findLastIndex((others) => others.every(apart));
    if (slot < 0) {
      slot = tenants.push([]) - 1;
      sizes.push(root.bytes);
    }
    tenants[slot].push(life);
    slots.set(root, slot);
  }
  return { slots, sizes, before: sum([...lives.keys()].map(({ bytes }) => bytes)) };
}

export const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

/** Bytes of each state that is read or written. */
export function stateBytes(dispatches: Dispatch[]): number[] {
  const roots = dispatches.flatMap(({ values }) => Object.values(values).map(({ root }) => root));
  return [...new Set(roots)].filter(({ role }) => role === 'state').map(({ bytes }) => bytes);
}

/**
 * What a plan of this tape will take of the GPU's memory, in bytes, as `Plan.memory` tells it, and its
 * largest buffer. Compiles nothing and asks for nothing.
 */
export function memoryOf(tape: Tape): Memory & { largest: number } {
  const dispatches = dropUnread(tape.dispatches, new Set());
  const { sizes, before } = layOut(dispatches, []);
  const states = stateBytes(dispatches);
  const largest = Math.max(0, ...sizes, ...states);
  return { before, after: sum(sizes), state: sum(states), largest };
}
