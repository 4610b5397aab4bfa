import type { Findings } from './findings';
import type { Thread } from './thread';
import { type Space, type Type } from './types';

/** Sees every access of shared memory: `words` words from `word` on, at once. */
export interface Watch {
  access(memory: Memory, word: number, words: number, wrote: boolean, thread: Thread): void;
  /** An index past the end. */
  astray?(memory: Memory, index: number, wrote: boolean, thread: Thread): void;
}

/** Threads of a workgroup are numbered below this; MANY stands for more than one reader. */
const THREADS = 512;
const MANY = THREADS - 1;

/**
 * A variable in storage or workgroup memory, with a shadow that tells who touched each word last.
 * Time goes in phases, from barrier to barrier: two threads that touch a word in the same phase, one
 * of them writing, race. Workgroups run one after another here, but on a GPU nothing orders them: what
 * one wrote no other may touch.
 */
export class Memory {
  bits = new Uint32Array(0);
  f32 = new Float32Array(0);
  i32 = new Int32Array(0);
  /** Elements of the array whose length the buffer decides. */
  readonly elements = { count: 0 };
  /** Whether accesses have to be told to `read` and `write`. */
  observed = false;
  watch: Watch | null = null;

  /** Phase times THREADS; a stamp adds the thread to it. 0 is before all. */
  #now = THREADS;
  #groupBegan = THREADS;
  #written = new Int32Array(0);
  #read = new Int32Array(0);
  #writtenAt = new Int32Array(0); // pc
  #readAt = new Int32Array(0);
  #readBefore = new Uint8Array(0); // by an earlier workgroup, and by this one since

  constructor(
    readonly name: string,
    readonly space: Space,
    readonly type: Type,
    readonly writable: boolean,
    private readonly findings: Findings,
  ) {}

  /** Atomic words are ordered by themselves. */
  get #isAtomic(): boolean {
    return /atomic</.test(this.type.name);
  }

  bind(buffer: ArrayBuffer): void {
    this.bits = new Uint32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    const words = this.bits.length;
    this.observed = this.writable || this.watch !== null;
    if (this.writable) {
      [this.#written, this.#read, this.#writtenAt, this.#readAt] = [1, 2, 3, 4].map(
        () => new Int32Array(words),
      );
      this.#readBefore = new Uint8Array(words);
    }
    this.#now = this.#groupBegan = THREADS;
    const { type } = this;
    const last = type.kind === 'struct' ? type.members[type.members.length - 1] : null;
    const runtime = last ? last.type : type;
    if (runtime.kind === 'array' && runtime.count === null) {
      this.elements.count = Math.floor((words - (last?.offset ?? 0)) / runtime.stride);
    }
  }

  /** A new workgroup begins; workgroup memory is its own, and zero. */
  enterGroup(): void {
    this.nextPhase();
    if (this.space === 'workgroup') {
      this.bits.fill(0);
      this.#written.fill(0);
      this.#read.fill(0);
    }
    this.#groupBegan = this.#now;
  }

  nextPhase(): void {
    this.#now += THREADS;
  }

  read(word: number, words: number, thread: Thread): void {
    if (this.watch) this.watch.access(this, word, words, false, thread);
    if (!this.writable || this.#isAtomic) return;
    const mine = this.#now + thread.index;
    for (let w = word; w < word + words; w++) {
      const written = this.#written[w];
      if (written !== 0 && written !== mine) {
        if (written >= this.#now) this.#race(w, thread, false, written, true, true);
        else if (written < this.#groupBegan) this.#race(w, thread, false, written, true, false);
      }
      const read = this.#read[w];
      if (read === mine) continue;
      if (read < this.#now) {
        if (read !== 0 && read < this.#groupBegan) this.#readBefore[w] = 1;
        this.#read[w] = mine;
        this.#readAt[w] = thread.pc - 1;
      } else this.#read[w] = this.#now + MANY;
    }
  }

  write(word: number, words: number, thread: Thread): void {
    if (this.watch) this.watch.access(this, word, words, true, thread);
    const mine = this.#now + thread.index;
    for (let w = word; w < word + words; w++) {
      if (!this.#isAtomic) {
        const written = this.#written[w];
        const read = this.#read[w];
        if (written !== 0 && written !== mine) {
          if (written >= this.#now) this.#race(w, thread, true, written, true, true);
          else if (written < this.#groupBegan) this.#race(w, thread, true, written, true, false);
        }
        if (read !== 0 && read !== mine) {
          if (read >= this.#now) this.#race(w, thread, true, read, false, true);
          else if (read < this.#groupBegan) this.#race(w, thread, true, read, false, false);
        }
        if (this.#readBefore[w]) this.#race(w, thread, true, MANY, false, false);
      }
      this.#written[w] = mine;
      this.#writtenAt[w] = thread.pc - 1;
    }
  }

  #race(
    word: number,
    thread: Thread,
    wrote: boolean,
    stamp: number,
    otherWrote: boolean,
    sameGroup: boolean,
  ): void {
    const other = stamp % THREADS;
    const pc = (otherWrote ? this.#writtenAt : this.#readAt)[word];
    this.findings.add('race', thread, {
      memory: this.name,
      at: word,
      wrote,
      other: {
        thread: other === MANY ? 'several' : other,
        line: this.findings.lineOf(pc),
        wrote: otherWrote,
        sameGroup,
      },
    });
  }

  /** An index that is none of the array's: the access reads 0, or does nothing. */
  outside(index: number, thread: Thread, wrote = false): void {
    if (Number.isNaN(index)) return; // told already, of an index before this one
    this.watch?.astray?.(this, index, wrote, thread);
    this.findings.add('bounds', thread, { memory: this.name, at: index, wrote });
  }

  /** Who wrote a word last: local_invocation_index, or undefined. */
  writerOf(word: number): number | undefined {
    const stamp = this.#written[word];
    return stamp ? stamp % THREADS : undefined;
  }

  /** Words that no thread has written. */
  unwritten(): number[] {
    const words: number[] = [];
    this.#written.forEach((stamp, word) => {
      if (stamp === 0) words.push(word);
    });
    return words;
  }
}
