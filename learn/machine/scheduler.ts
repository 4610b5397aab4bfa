import type { Finding } from './findings';
import type { Watch } from './memory';
import { loadUniform, type Program } from './program';
import type { Variable } from './compiler';
import { State, Thread } from './thread';

/**
 * Which thread goes on when several could: one after another, each as far as it can go; from the last to the first;
 * or one statement each, in turn or shuffled.
 */
export type Order = 'one by one' | 'reversed' | 'in turn' | 'shuffled';

export interface RunOptions {
  /** Buffers of storage and uniforms, by group and binding: `buffers[group][binding]`. */
  buffers: Record<number, Record<number, ArrayBuffer>>;
  workgroups: readonly [number, number, number];
  subgroupSize?: number;
  order?: Order;
  /** Seed of the shuffled order. */
  seed?: number;
  /** Turns that all loops together may take. */
  turns?: number;
  watch?: Watch;
}

/** A thread as the debugger shows it. */
export interface Stop {
  thread: Thread | null;
  /** Line that the thread has come to; of a barrier where there is no thread. */
  line: number;
}

/** A run of a program over a grid of workgroups, one workgroup after another. */
export class Execution {
  /** Threads of the current workgroup. */
  readonly threads: Thread[];
  /** Index of the current workgroup. */
  group = -1;
  readonly #lanes: number;
  #random: number;

  constructor(
    readonly program: Program,
    readonly options: RunOptions,
  ) {
    const { bindings, memories, workgroupSize, registers } = program;
    this.#lanes = options.subgroupSize ?? 8;
    this.#random = options.seed ?? 1;
    const initial = new Float64Array(registers);
    initial.set(program.initial);
    program.findings.clear();
    program.budget.turns = options.turns ?? 50_000_000;
    const [x, y, z] = workgroupSize;
    for (const memory of memories) {
      memory.watch = options.watch ?? null;
      if (memory.space === 'workgroup') memory.bind(new ArrayBuffer(memory.type.size * 4));
    }
    for (const { group, binding, variable } of bindings) {
      const buffer = options.buffers[group]?.[binding];
      if (!buffer)
        throw new Error(`no buffer for ${variable.name}, group ${group}, binding ${binding}`);
      if (variable.memory) variable.memory.bind(buffer);
      else loadUniform(variable, buffer, initial);
    }
    // Constants and uniforms stay; all else is written before it is read.
    this.threads = Array.from({ length: x * y * z }, () => new Thread(initial.slice()));
    this.threads.forEach((thread, index) => {
      thread.index = index;
      for (const { name, reg } of program.builtins) thread.r.set(this.#builtin(name, index), reg);
    });
  }

  get findings(): readonly Finding[] {
    return this.program.findings.list;
  }

  /** Runs everything. */
  run(): readonly Finding[] {
    const { order = 'one by one' } = this.options;
    if (order === 'in turn' || order === 'shuffled') for (const _ of this.steps()) void _;
    else while (this.nextGroup()) while (this.#release()) this.#advance(order === 'reversed');
    return this.findings;
  }

  /** Runs statement by statement, in the order of the options, and stops after each. */
  *steps(): Generator<Stop, void, void> {
    const { order = 'one by one' } = this.options;
    while (this.nextGroup()) {
      let last = this.threads.length - 1;
      for (;;) {
        const line = this.release();
        if (line === null) break;
        if (line > 0) yield { thread: null, line };
        const ready = this.threads.filter(({ state }) => state === State.Ready);
        const stays = this.threads[last].state === State.Ready && order !== 'in turn';
        const thread =
          order === 'shuffled'
            ? ready[this.#draw(ready.length)]
            : order === 'reversed'
              ? ready[ready.length - 1]
              : stays && order === 'one by one'
                ? ready[0]
                : (ready.find(({ index }) => index > last) ?? ready[0]);
        last = thread.index;
        this.step(thread);
        yield { thread, line: this.lineOf(thread) };
      }
    }
  }

  /** Begins the next workgroup; false when there is none, or a loop has used up the turns. */
  nextGroup(): boolean {
    const { program, options } = this;
    const [nx, ny, nz] = options.workgroups;
    if (program.budget.turns < 0 || ++this.group >= nx * ny * nz) return false;
    for (const memory of program.memories) memory.enterGroup();
    this.threads.forEach((thread) => {
      thread.group = this.group;
      thread.pc = 0;
      thread.state = State.Ready;
    });
    const [x, y, z] = [
      this.group % nx,
      Math.floor(this.group / nx) % ny,
      Math.floor(this.group / nx / ny),
    ];
    for (const { name, reg } of program.builtins) {
      if (name === 'workgroup_id') for (const { r } of this.threads) r.set([x, y, z], reg);
      if (name === 'global_invocation_id') this.#globalIds(reg, x, y, z);
    }
    return true;
  }

  #globalIds(reg: number, x: number, y: number, z: number): void {
    const [sx, sy, sz] = this.program.workgroupSize;
    let at = 0;
    for (let c = 0; c < sz; c++) {
      for (let b = 0; b < sy; b++) {
        for (let a = 0; a < sx; a++) {
          const { r } = this.threads[at++];
          r[reg] = x * sx + a;
          r[reg + 1] = y * sy + b;
          r[reg + 2] = z * sz + c;
        }
      }
    }
  }

  /** A builtin that is the same in every workgroup. */
  #builtin(name: string, index: number): number[] {
    const [sx, sy] = this.program.workgroupSize;
    switch (name) {
      case 'local_invocation_id':
        return [index % sx, Math.floor(index / sx) % sy, Math.floor(index / sx / sy)];
      case 'local_invocation_index':
        return [index];
      case 'num_workgroups':
        return [...this.options.workgroups];
      case 'subgroup_size':
        return [this.#lanes];
      case 'subgroup_invocation_id':
        return [index % this.#lanes];
      case 'subgroup_id':
        return [Math.floor(index / this.#lanes)];
      case 'num_subgroups':
        return [Math.ceil(this.threads.length / this.#lanes)];
      case 'workgroup_id':
      case 'global_invocation_id':
        return []; // of the workgroup: set when it begins
      default:
        throw new Error(`the machine has no builtin ${name}`);
    }
  }

  /** Lets a thread go on to its next statement, or to where it has to wait. */
  step(thread: Thread): void {
    const { ops, starts } = this.program;
    while (thread.state === State.Ready) {
      ops[thread.pc++](thread);
      if (starts[thread.pc]) return;
    }
  }

  #advance(reversed: boolean): void {
    const { ops } = this.program;
    const { threads } = this;
    const count = threads.length;
    for (let i = 0; i < count; i++) {
      const thread = threads[reversed ? count - 1 - i : i];
      while (thread.state === State.Ready) ops[thread.pc++](thread);
    }
  }

  #release(): boolean {
    return this.release() !== null;
  }

  /**
   * Where no thread can go on, lets those that wait for one another go on together. Gives null when the
   * workgroup is done, the line of a barrier that was passed, else 0.
   */
  release(): number | null {
    const { threads, program } = this;
    let waiting: Thread | undefined;
    for (const thread of threads) {
      if (thread.state === State.Ready) return program.budget.turns < 0 ? null : 0;
      if (thread.state !== State.Done) waiting ??= thread;
    }
    if (!waiting || program.budget.turns < 0) return null;
    if (threads.some(({ state }) => state === State.Subgroup)) {
      this.#exchange();
      return 0;
    }
    const at = waiting.pc - 1;
    const missing = threads.find(({ state, pc }) => state === State.Done || pc - 1 !== at);
    if (missing) {
      program.findings.add('divergence', missing, {
        line: program.lines[at],
        memory: 'the barrier',
      });
    }
    const spaces = new Set(threads.map(({ pc }) => program.barriers.get(pc - 1)));
    for (const memory of program.memories) if (spaces.has(memory.space)) memory.nextPhase();
    for (const thread of threads) if (thread.state === State.Barrier) thread.state = State.Ready;
    return program.lines[at];
  }

  /** Subgroup by subgroup, what the lanes have come to exchange. */
  #exchange(): void {
    const { threads, program } = this;
    for (let first = 0; first < threads.length; first += this.#lanes) {
      const subgroup = threads.slice(first, first + this.#lanes);
      const waiting = subgroup.filter(({ state }) => state === State.Subgroup);
      if (waiting.length === 0) continue;
      const at = waiting[0].pc - 1;
      const lanes = waiting.filter(({ pc }) => pc - 1 === at);
      const missing = subgroup.find((thread) => !lanes.includes(thread));
      if (missing) {
        program.findings.add('divergence', missing, {
          line: program.lines[at],
          memory: 'the subgroup operation',
        });
      }
      const ids = lanes.map(({ index }) => index - first);
      program.exchanges.get(at)!(lanes, ids);
      for (const lane of lanes) lane.state = State.Ready;
    }
  }

  lineOf(thread: Thread): number {
    const waits = thread.state === State.Barrier || thread.state === State.Subgroup;
    return this.program.lines[thread.pc - (waits ? 1 : 0)] ?? 0;
  }

  /** The variables that a thread sees at its next statement, innermost first. */
  variables(thread: Thread): { variable: Variable; value: number[] }[] {
    const { starts } = this.program;
    let { pc } = thread;
    while (pc > 0 && !starts[pc]) pc--;
    const seen = new Map<string, { variable: Variable; value: number[] }>();
    for (let scope = starts[pc] ?? null; scope; scope = scope.parent) {
      for (const variable of scope.names.values()) {
        if (seen.has(variable.name) || variable.memory || variable.since > pc) continue;
        const { reg, type } = variable;
        seen.set(variable.name, { variable, value: [...thread.r.subarray(reg, reg + type.size)] });
      }
    }
    return [...seen.values()];
  }

  /** A number below `below`, from the seed. */
  #draw(below: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * below);
  }
}
