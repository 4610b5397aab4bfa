import { tune } from '../src/gpu/wgsl';
import { size } from '../src/kernels/kernel';
import { buffersOf, elements, place, typed, type Dispatch } from './dispatch';
import type { Kind, Ladder, Trial } from './exercise';
import { compile, CompileError, Counts, describe, Execution } from './machine';

/** Turns of loops that one dispatch may take. */
export const TURNS = 2_000_000;

export interface Problem {
  kind: Kind | 'text';
  line?: number;
  /** A sentence; the first of its kind, of the dispatch that is named. */
  text: string;
  dispatch?: string;
}

export interface Report {
  problems: Problem[];
  /** Dispatches that were tried. */
  dispatches: number;
  /** Of the shown dispatch, for every number of the answer. */
  cost: { reads: number; segments: number };
}

/** The file with another text, compiled for a dispatch. */
export function programFor({ shader }: Trial, code: string, dispatch: Dispatch) {
  const tuned = tune({ ...shader, code }, dispatch.constants ?? {});
  return compile(tuned, { overrides: dispatch.overrides });
}

/** Compares words with what they should be. */
export function wrongValue(
  { tolerance }: Pick<Trial, 'tolerance'>,
  { tensors, expected }: Dispatch,
  name: string,
  words: ArrayLike<number>,
): string | null {
  const { absolute, relative } = tolerance ?? { absolute: 0, relative: 0 };
  const at = elements(tensors[name]);
  for (let i = 0; i < at.length; i++) {
    const [is, given] = [words[at[i]], expected[name][i]];
    const want = tensors[name].dtype === 'f32' ? Math.fround(given) : given;
    if (Object.is(is, want) || is === want || (Number.isNaN(is) && Number.isNaN(want))) continue;
    if (Math.abs(is - want) <= absolute + relative * Math.abs(want)) continue;
    const [found, wanted] = [is, want].map(tensors[name].dtype === 'f32' ? short : String);
    return `${place(tensors, name, at[i])} is ${found} and should be ${wanted}`;
  }
  return null;
}

export const short = (value: number) => String(Number(value.toPrecision(6)));

/** Runs the text on the machine, over the shown dispatch and the hidden ones, until one of them finds something. */
export function check(exercise: Trial, code: string): Report {
  const report: Report = { problems: [], dispatches: 0, cost: { reads: 0, segments: 0 } };
  for (const dispatch of [exercise.shown, ...exercise.hidden]) {
    report.dispatches++;
    const counts = dispatch === exercise.shown ? new Counts() : undefined;
    try {
      report.problems = problemsOf(exercise, code, dispatch, counts);
    } catch (error) {
      const line = error instanceof CompileError ? error.line : undefined;
      const text = error instanceof CompileError ? error.problem : (error as Error).message;
      report.problems = [{ kind: 'text', line, text }];
    }
    if (counts) report.cost = costOf(dispatch, counts);
    if (report.problems.length > 0) return report;
  }
  for (const what of ['reads', 'segments'] as const) {
    const most = exercise.most?.[what] ?? Infinity;
    if (report.cost[what] <= most) continue;
    const named = what === 'reads' ? 'reads of storage' : 'segments of 32 bytes';
    const text = `The numbers are right, but each takes ${short(report.cost[what])} ${named}; ${most} will do.`;
    report.problems.push({ kind: 'cost', text });
  }
  return report;
}

/** What every rung takes for each number of the answer. */
export function costsOf({ rungs }: Ladder): Report['cost'][] {
  return rungs.map((rung) => check({ ...rung, hidden: [] }, rung.shader.code).cost);
}

function costOf({ tensors, expected }: Dispatch, counts: Counts): Report['cost'] {
  const outputs = Object.keys(expected).reduce((sum, name) => sum + size(tensors[name].shape), 0);
  const { reads, segments } = counts.total;
  return { reads: reads / outputs, segments: segments / outputs };
}

function problemsOf(exercise: Trial, code: string, dispatch: Dispatch, watch?: Counts): Problem[] {
  const { shader } = exercise;
  const { tensors, groups } = dispatch;
  const program = programFor(exercise, code, dispatch);
  const { storage, uniform } = buffersOf(shader, dispatch);
  const buffers = { 0: storage.map(({ buffer }) => buffer), 1: [uniform] };
  const execution = new Execution(program, { buffers, workgroups: groups, turns: TURNS, watch });
  const found: Problem[] = execution.run().map((finding) => ({
    kind: finding.kind,
    line: finding.line,
    text: describe(finding, (memory, word) => place(tensors, memory, word)),
    dispatch: dispatch.name,
  }));
  for (const [i, { name }] of shader.bindings.entries()) {
    if (!(name in dispatch.expected)) continue;
    const memory = program.memories.find((each) => each.name === name);
    const missing = memory && !tensors[name].data ? memory.unwritten()[0] : undefined;
    if (missing !== undefined) {
      const text = `no thread writes ${place(tensors, name, missing)}`;
      found.push({ kind: 'unwritten', text, dispatch: dispatch.name });
      continue;
    }
    const wrong = wrongValue(exercise, dispatch, name, typed(tensors[name].dtype, storage[i]));
    if (wrong) found.push({ kind: 'value', text: wrong, dispatch: dispatch.name });
  }
  return found;
}
