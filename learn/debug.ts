import { check, costsOf, programFor, short, TURNS, type Report } from './check';
import { buffersOf, place, type Dispatch } from './dispatch';
import type { Exercise, Lesson } from './exercise';
import { describe, Execution, State, type Memory, type Thread, type Watch } from './machine';
import { scalarOf } from './machine/types';

/**
 * One move of the debugger: a statement of a thread, or of every thread; all threads to the next barrier; a thread to a
 * line (`3:27`); everything to the end.
 */
export type Move = number | 'all' | 'barrier' | 'end' | `${number}:${number}`;

/** Where a run stands, to be drawn. It can be sent from a worker, and tells of no object of the machine. */
export interface View {
  /** Index of the workgroup, and how many there are. */
  group: number;
  groups: number;
  size: number;
  done: boolean;
  threads: { line: number; state: 'ready' | 'waits' | 'done' }[];
  variables: { name: string; value: string }[];
  memories: MemoryView[];
  /** Where the selected thread reached past an end. */
  astray: string[];
  problems: string[];
  /** Line of the barrier that the last move went past. */
  barrier?: number;
}

export interface MemoryView {
  name: string;
  space: string;
  shape: readonly number[];
  cells: Cell[];
  /** Words that are not drawn. */
  more: number;
}

export interface Cell {
  place: string;
  /** `·` where nothing was written yet. */
  value: string;
  /** Threads, numbered through all workgroups, in the order in which they came. */
  readers: number[];
  writers: number[];
  /** Touched in the last move. */
  now: boolean;
}

/** Words of a buffer that are drawn. */
const DRAWN = 256;

class Trace implements Watch {
  readonly touched = new Map<
    Memory,
    Map<number, { readers: Set<number>; writers: Set<number>; move: number }>
  >();
  /** By thread, places past an end. */
  readonly strayed = new Map<number, Set<string>>();
  move = 0;
  constructor(private readonly size: number) {}

  astray(memory: Memory, index: number, wrote: boolean, thread: Thread): void {
    const number = thread.group * this.size + thread.index;
    if (!this.strayed.has(number)) this.strayed.set(number, new Set());
    const places = this.strayed.get(number)!;
    if (places.size < 8) places.add(`${wrote ? 'writes' : 'reads'} ${memory.name}[${index}]`);
  }

  access(memory: Memory, word: number, words: number, wrote: boolean, thread: Thread): void {
    let cells = this.touched.get(memory);
    if (!cells) this.touched.set(memory, (cells = new Map()));
    for (let w = word; w < word + words; w++) {
      let cell = cells.get(w);
      if (!cell) cells.set(w, (cell = { readers: new Set(), writers: new Set(), move: 0 }));
      (wrote ? cell.writers : cell.readers).add(thread.group * this.size + thread.index);
      cell.move = Math.max(0, this.move);
    }
  }

  /** Workgroup memory is new for every workgroup. */
  forget(space: string): void {
    for (const memory of this.touched.keys()) {
      if (memory.space === space) this.touched.delete(memory);
    }
  }
}

/**
 * Runs the shown dispatch from its beginning through these moves. To go back is to make one move less. Throws a
 * CompileError.
 */
export function view(
  exercise: Exercise,
  code: string,
  moves: readonly Move[],
  selected: number,
): View {
  const { shown } = exercise;
  const program = programFor(exercise, code, shown);
  const { storage, uniform } = buffersOf(exercise.shader, shown);
  const [x, y, z] = program.workgroupSize;
  const size = x * y * z;
  const trace = new Trace(size);
  const execution = new Execution(program, {
    buffers: { 0: storage.map(({ buffer }) => buffer), 1: [uniform] },
    workgroups: shown.groups,
    turns: TURNS,
    watch: trace,
  });
  execution.nextGroup();
  let done = false;
  let barrier: number | undefined;
  /** Workgroup memory as the selected thread's workgroup left it. */
  let left: MemoryView[] = [];
  const inWorkgroup = program.memories.filter(({ space }) => space === 'workgroup');
  /** Lets those that wait go on, or the next workgroup begin. */
  const release = () => {
    const line = execution.release();
    if (line) barrier = line;
    if (line !== null) return;
    if (execution.group === Math.floor(selected / size)) {
      left = inWorkgroup.map((memory) => memoryView(memory, shown, trace));
    }
    done = program.budget.turns < 0 || !execution.nextGroup();
    if (!done) trace.forget('workgroup');
  };
  const advance = (thread: Thread) => {
    while (thread.state === State.Ready) execution.step(thread);
  };
  for (const move of moves) {
    if (done) break;
    trace.move = move === 'end' ? -1 : trace.move + 1; // at the end everything has been touched
    barrier = undefined;
    const { threads } = execution;
    if (move === 'end') {
      while (!done) {
        threads.forEach(advance);
        release();
      }
    } else if (move === 'barrier') {
      threads.forEach(advance);
    } else if (move === 'all') {
      for (const thread of threads) if (thread.state === State.Ready) execution.step(thread);
    } else if (typeof move === 'number') {
      const thread = threads[move % size];
      if (thread?.state === State.Ready) execution.step(thread);
    } else {
      const [index, line] = move.split(':').map(Number);
      const thread = threads[index % size];
      do execution.step(thread);
      while (thread.state === State.Ready && execution.lineOf(thread) !== line);
    }
    if (!done && threads.every(({ state }) => state !== State.Ready)) release();
  }
  const inGroup = execution.threads[selected % size];
  const group = done ? Math.floor(selected / size) : execution.group;
  const selectedNow = group * size + (selected % size);
  return {
    group: Math.max(0, Math.min(execution.group, groupsOf(shown) - 1)),
    groups: groupsOf(shown),
    size,
    done,
    threads: execution.threads.map((thread) => ({
      line: execution.lineOf(thread),
      state:
        thread.state === State.Ready ? 'ready' : thread.state === State.Done ? 'done' : 'waits',
    })),
    variables: execution
      .variables(inGroup)
      .filter(({ variable }) => !variable.constant && variable.space !== 'uniform')
      .map(({ variable: { name, type }, value }) => ({
        name,
        value:
          scalarOf(type)?.name === 'bool' ? String(value[0] !== 0) : value.map(short).join(', '),
      })),
    memories: program.memories.map(
      (memory) =>
        (done && left.find(({ name }) => name === memory.name)) || memoryView(memory, shown, trace),
    ),
    astray: [...(trace.strayed.get(selectedNow) ?? [])],
    problems: execution.findings.map((finding) =>
      describe(finding, (memory, word) => place(shown.tensors, memory, word)),
    ),
    barrier,
  };
}

const groupsOf = ({ groups: [x, y, z] }: Dispatch) => x * y * z;

function memoryView(memory: Memory, { tensors }: Dispatch, trace: Trace): MemoryView {
  const { name, space } = memory;
  const touched = trace.touched.get(memory);
  const words = memory.bits.length;
  const given = tensors[name];
  const isFloat = given ? given.dtype === 'f32' : /f32/.test(memory.type.name);
  const cells = Array.from({ length: Math.min(words, DRAWN) }, (_, word): Cell => {
    const cell = touched?.get(word);
    const unknown = space === 'storage' && !given?.data && !cell?.writers.size;
    const value = isFloat ? memory.f32[word] : memory.bits[word];
    return {
      place: place(tensors, name, word),
      value: unknown ? '·' : String(Number(value.toPrecision(4))),
      readers: [...(cell?.readers ?? [])],
      writers: [...(cell?.writers ?? [])],
      now: cell !== undefined && cell.move === trace.move,
    };
  });
  const shape = given && !given.layout ? given.shape : [words];
  return { name, space, shape, cells, more: words - cells.length };
}

/** What a page asks of the worker that holds the machine. */
export type Question =
  | { ask: 'check'; lesson: string; exercise: string; code: string }
  | {
      ask: 'view';
      lesson: string;
      exercise: string;
      code: string;
      moves: readonly Move[];
      thread: number;
    }
  /** What the rungs of the lesson's ladder cost. */
  | { ask: 'costs'; lesson: string };
export type Answer =
  | { report: Report }
  | { view: View }
  | { costs: Report['cost'][] }
  | { error: string; line?: number };

export function answer({ exercises, ladder }: Lesson, question: Question): Answer {
  if (question.ask === 'costs') return { costs: costsOf(ladder!) };
  const { code } = question;
  const exercise = exercises.find(({ id }) => id === question.exercise)!;
  try {
    return question.ask === 'check'
      ? { report: check(exercise, code) }
      : { view: view(exercise, code, question.moves, question.thread) };
  } catch (error) {
    const { message, problem, line } = error as Error & { problem?: string; line?: number };
    return { error: problem ?? message, line };
  }
}
