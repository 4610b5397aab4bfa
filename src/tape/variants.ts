/** The fast convolutions, tried against the plain one on the adapter itself before anything relies on them. */
import type { Gpu } from '../gpu/device';
import type { FastConvVariant } from '../kernels/conv_choice';
import {
  bordered,
  f32,
  layoutOf,
  planeStride,
  size,
  storageSize,
  subgroupsOf,
  type TensorSpec,
} from '../kernels/kernel';
import { randomUniform } from '../kernels/random';
import { conv5x5 } from './operations/conv5x5';
import { Plan } from './plan';
import { Storage } from './storage';
import { Tape } from './tape';
import { state, type Value } from './value';

/** Sides of the maps: one for each family of kernels. */
const SIDES = [3, 6, 12];
/** Images, channels in and out. */
const [N, C, O] = [2, 8, 16];
/** The largest difference, as a share of the largest number: Winograd's rounding is 1e-5 of it, a fault is far more. */
const TOLERANCE = 1e-3;

/** What a page or command keeps of a check: where there is none, every opening checks. */
export interface VerdictStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, verdict: string): Promise<void>;
}

const thisProcess = new Map<string, string>();

/**
 * Tries every fast variant of the convolution once on tiny shapes. What gives wrong numbers, or is refused, is left out
 * on this `gpu` from now on, and its adapter's description says so.
 */
export async function leaveOutWrong(gpu: Gpu, store?: VerdictStore): Promise<void> {
  const variants: FastConvVariant[] = ['tiled', 'winograd'];
  if (subgroupsOf(gpu.capabilities, 4)) variants.push('subgroup');
  const recorded = SIDES.flatMap((side) =>
    (['plain', ...variants] as const).map((variant) => record(gpu, side, variant)),
  );
  const key = JSON.stringify([gpu.adapter, fingerprint(recorded)]);
  let verdict = thisProcess.get(key) ?? (await store?.get(key));
  if (verdict === undefined) {
    // What is refused does not work either.
    const results = await Promise.all(recorded.map((one) => run(gpu, one).catch(() => undefined)));
    gpu.assertAlive();
    const wrong = variants.filter((variant) =>
      recorded.some((one, i) => {
        const plain = results[i - (i % (variants.length + 1))];
        return one.variant === variant && !(plain && results[i] && close(results[i], plain));
      }),
    );
    verdict = wrong.join();
    await store?.set(key, verdict);
  }
  thisProcess.set(key, verdict);
  if (verdict === '') return;
  gpu.leaveOut(verdict.split(','));
}

interface Recorded {
  side: number;
  variant: 'plain' | FastConvVariant;
  tape: Tape;
  inputs: Value[];
  outputs: Value[];
}

/** A convolution with both gradients. */
function record(gpu: Gpu, side: number, variant: Recorded['variant']): Recorded {
  const tape = new Tape(gpu.capabilities);
  const x = state('x', f32([1, N, C, side, side], bordered(side)));
  const weight = state('weight', f32([1, C, 5, 5, O]));
  const dy = state('dy', f32([1, N, O, side, side], bordered(side)));
  tape.watch(x);
  tape.watch(weight);
  const { y } = tape.apply(conv5x5, { x, weight }, { variant });
  tape.seed(y, dy);
  tape.backward();
  const outputs = [y, tape.gradientOf(x)!, tape.gradientOf(weight)!];
  return { side, variant, tape, inputs: [x, weight, dy], outputs };
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
function fingerprint(recorded: Recorded[]): string {
  const shaders = recorded.flatMap(({ tape }) =>
    tape.dispatches.map(({ kernel }) => kernel.shader),
  );
  let hash = 0;
  for (const { code } of new Set(shaders)) {
    for (let i = 0; i < code.length; i++) hash = (Math.imul(hash, 31) + code.charCodeAt(i)) | 0;
  }
  return (hash >>> 0).toString(16);
}
