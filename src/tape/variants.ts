/** The fast kernels, tried against the readable ones on the adapter itself before anything relies on them. */
import type { Capabilities, Gpu } from '../gpu/device';
import { layoutOf, planeStride, size, storageSize, type TensorSpec } from '../kernels/kernel';
import { randomUniform } from '../kernels/random';
import { Plan } from './plan';
import { Storage } from './storage';
import type { Tape } from './tape';
import { SHARED, trials, type Recorded, type Trial } from './trials';
import type { Value } from './value';

/** The largest difference, as a share of the largest number: Winograd's rounding is 1e-5 of it, a fault is far more. */
const TOLERANCE = 1e-3;

/** What a page or command keeps of a check: where there is none, every opening checks. */
export interface VerdictStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, verdict: string): Promise<void>;
}

export type Recording = (capabilities: Capabilities) => Tape[];

export interface CheckOptions {
  store?: VerdictStore;
  /** Records what is about to run: the kernels of everything else are not tried. */
  record?: Recording;
}

const thisProcess = new Map<string, Promise<string>>();

/**
 * Tries fast kernels once on tiny shapes. What gives wrong numbers, or is refused, is left out on this `gpu` from now on,
 * and its adapter's description says so.
 */
export async function leaveOutWrong(gpu: Gpu, { store, record }: CheckOptions = {}): Promise<void> {
  const chosen = record ? neededBy(record, gpu.capabilities) : trials(gpu.capabilities);
  const wrong = await Promise.all(chosen.map((trial) => wrongOf(gpu, trial, store)));
  gpu.assertAlive();
  const { leftOut } = gpu.capabilities;
  const found = new Set(wrong.flat().filter((name) => !leftOut?.has(name)));
  if (found.size === 0) return;
  gpu.leaveOut([...found]);
  await leaveOutWrong(gpu, { store, record }); // other fast kernels may stand in for them
}

const shadersOf = (tapes: Tape[]) =>
  new Set(tapes.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel.shader)));

/** The trials, and what of each, of the fast kernels that a recording asks for and of which it has a shader. */
export function neededBy(record: Recording, capabilities: Capabilities): Trial[] {
  const asked = new Set<string>();
  const has = (name: string) => {
    asked.add(name);
    return capabilities.leftOut?.has(name) ?? false;
  };
  const tapes = record({ ...capabilities, leftOut: { has } });
  const run = shadersOf(tapes);
  const all = trials(
    capabilities,
    tapes.some(({ differentiated }) => differentiated),
  );
  return all.flatMap(({ name, plain, fast }) => {
    const usual = new Set([...SHARED, ...shadersOf([plain.tape])]);
    const needed = Object.entries(fast).filter(
      ([family, { tape }]) =>
        asked.has(family) &&
        [...shadersOf([tape])].some((shader) => run.has(shader) && !usual.has(shader)),
    );
    return needed.length > 0 ? [{ name, plain, fast: Object.fromEntries(needed) }] : [];
  });
}

/** What a trial finds wrong, or found before on this adapter with these shaders. */
async function wrongOf(gpu: Gpu, trial: Trial, store?: VerdictStore): Promise<string[]> {
  const { vendor, architecture, description } = gpu.adapter;
  const key = JSON.stringify([vendor, architecture, description, trial.name, fingerprint(trial)]);
  const judge = async () => {
    const kept = await store?.get(key);
    if (kept !== undefined) return kept;
    const verdict = (await tryOut(gpu, trial)).join();
    gpu.assertAlive();
    await store?.set(key, verdict);
    return verdict;
  };
  let verdict = thisProcess.get(key);
  if (!verdict) {
    thisProcess.set(key, (verdict = judge()));
    verdict.catch(() => thisProcess.delete(key));
  }
  const wrong = await verdict.catch(judge); // of another device, which was lost
  return wrong === '' ? [] : wrong.split(',');
}

/** What is refused does not work either. */
async function tryOut(gpu: Gpu, { plain, fast }: Trial): Promise<string[]> {
  const [expected, ...found] = await Promise.all(
    [plain, ...Object.values(fast)].map((recorded) => run(gpu, recorded).catch(() => undefined)),
  );
  const right = (numbers?: Float32Array[]) => expected && numbers && close(numbers, expected);
  return Object.keys(fast).filter((_, i) => !right(found[i]));
}

async function run(gpu: Gpu, { tape, inputs, outputs }: Recorded): Promise<Float32Array[]> {
  const storage = new Storage(gpu);
  let plan: Plan | undefined;
  try {
    inputs.forEach((value, i) => storage.write(value, numbers(value, i)));
    plan = await Plan.compile(tape, storage, { keep: outputs });
    plan.run();
    const read: Float32Array[] = [];
    for (const value of outputs) read.push(dense(value, await plan.read(value)));
    return read;
  } finally {
    plan?.dispose();
    storage.dispose();
  }
}

/** Numbers from -0.5 to 0.5 in the value's physical layout, zeros around. */
function numbers({ spec }: Value, seed: number): Float32Array {
  const data = new Float32Array(storageSize(spec));
  places(spec, (at, i) => (data[at] = randomUniform(seed, 0, 0, i) - 0.5));
  return data;
}

/** The elements without what lies around them. */
function dense({ spec }: Value, data: ArrayLike<number>): Float32Array {
  const out = new Float32Array(size(spec.shape));
  places(spec, (at, i) => (out[i] = data[at]));
  return out;
}

/** Where each element of a tensor lies. */
function places(spec: TensorSpec, visit: (at: number, i: number) => void): void {
  const { shape } = spec;
  const { border, rowStride } = layoutOf(spec);
  const [height, width] = shape.slice(-2);
  const plane = planeStride(shape, spec.layout);
  for (let i = 0; i < size(shape); i++) {
    const [row, column] = [Math.floor(i / width) % height, i % width];
    const planes = Math.floor(i / (width * height)) * plane;
    visit(planes + (row + border) * rowStride + border + column, i);
  }
}

function close(given: Float32Array[], expected: Float32Array[]): boolean {
  return expected.every((numbers, k) => {
    const largest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    return numbers.every((x, i) => Math.abs(given[k][i] - x) <= TOLERANCE * largest); // NaN is not
  });
}

/** Of the shaders' text: a verdict is worth nothing for another version. */
function fingerprint({ plain, fast }: Trial): string {
  const recorded = [plain, ...Object.values(fast)];
  let hash = 0;
  for (const { code } of shadersOf(recorded.map(({ tape }) => tape))) {
    for (let i = 0; i < code.length; i++) hash = (Math.imul(hash, 31) + code.charCodeAt(i)) | 0;
  }
  return (hash >>> 0).toString(16);
}
