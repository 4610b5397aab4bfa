import type { Memory, Watch } from './memory';
import type { Thread } from './thread';

/** Words of 4 bytes in a segment, which memory hands out as a whole. */
const SEGMENT = 8;
/** Neighbouring threads whose accesses a GPU takes together. */
const NEIGHBOURS = 32;

/** What a kernel asked of a storage buffer. */
export interface MemoryCount {
  /** Reads and writes; a vector at once is one. */
  reads: number;
  writes: number;
  /** Segments of 32 bytes that 32 neighbouring threads touch with one read or write, added up. */
  segments: number;
}

/**
 * Counts accesses of storage. They are the same on every adapter: a measure of speed without a clock.
 * The n-th time that threads come to an access is taken as one time for all.
 */
export class Counts implements Watch {
  readonly memories = new Map<string, MemoryCount>();
  #group = -1;
  #turns = new Map<string, number>();
  #touched = new Set<string>();

  access(memory: Memory, word: number, words: number, wrote: boolean, thread: Thread): void {
    if (memory.space !== 'storage') return;
    if (thread.group !== this.#group) {
      this.#group = thread.group;
      this.#turns.clear();
      this.#touched.clear();
    }
    let count = this.memories.get(memory.name);
    if (!count) this.memories.set(memory.name, (count = { reads: 0, writes: 0, segments: 0 }));
    if (wrote) count.writes++;
    else count.reads++;
    const place = `${thread.pc}:${thread.index}`;
    const turn = this.#turns.get(place) ?? 0;
    this.#turns.set(place, turn + 1);
    const together = `${thread.pc}:${turn}:${Math.floor(thread.index / NEIGHBOURS)}`;
    const last = Math.floor((word + words - 1) / SEGMENT);
    for (let segment = Math.floor(word / SEGMENT); segment <= last; segment++) {
      const key = `${together}:${segment}`;
      if (this.#touched.has(key)) continue;
      this.#touched.add(key);
      count.segments++;
    }
  }

  /** Of all buffers together. */
  get total(): MemoryCount {
    const total = { reads: 0, writes: 0, segments: 0 };
    for (const { reads, writes, segments } of this.memories.values()) {
      total.reads += reads;
      total.writes += writes;
      total.segments += segments;
    }
    return total;
  }
}
