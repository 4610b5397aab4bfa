import type { Gpu } from '../../src/gpu/device';
import { size, type TensorSpec } from '../../src/kernels/kernel';
import { Plan } from '../../src/tape/plan';
import { PassTimer, type Duration } from '../../src/tape/profile';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import type { BenchCase } from '../kernels/case';
import { toLayout } from './layout';
import { spread, type Spread } from './statistics';

/** One case, measured. */
export interface BenchResult {
  kernel: string;
  name: string;
  /** `timestamp`: the GPU's clock around a batch; `wall`: from submit to completion of the batch. */
  method: 'timestamp' | 'wall';
  repeats: number;
  /** Dispatches in one timed batch. */
  batch: number;
  /** Milliseconds a dispatch. */
  ms: Spread;
  /** Of the median. */
  gflops: number | null;
  /** Bytes of all bindings, each once, by the median. */
  gbytesPerSecond: number;
  /**
   * CPU time of the GPU's process a dispatch, where it is known. On an adapter that runs on the CPU it says
   * what the kernel costs whatever else the machine does.
   */
  cpuMs?: Spread;
  /** GFLOP in a second of CPU time, by its median. */
  gflopsPerCore?: number;
}

export interface MeasureOptions {
  /** Timed batches, after the warm-up. */
  repeats: number;
  /** CPU time so far of the process that runs the kernels, in ms. */
  cpuTime?: () => number | Promise<number>;
  onResult?: (result: BenchResult) => void;
}

/** A batch is as many dispatches as take about this long, so that clocks and submits do not count. */
const BATCH_MS = 20;
const MAX_BATCH = 200;
const WARM_UP = 3;

/** Runs the cases one after another. */
export async function measure(
  gpu: Gpu,
  cases: BenchCase[],
  options: MeasureOptions,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const benchCase of cases) {
    const result = await measureCase(gpu, benchCase, options);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

/** A case ready to be timed: its pipeline compiled, its buffers filled. */
export interface PreparedCase {
  /** Bytes of all bindings. */
  bytes: number;
  /** Dispatches that take about `BATCH_MS`. */
  batch: number;
  /** Milliseconds that a batch of so many dispatches takes, by the wall's clock and the GPU's, if it has one. */
  time(count: number): Promise<Duration>;
  dispose(): void;
}

export async function prepareCase(
  gpu: Gpu,
  { kernel, inputs, attributes }: BenchCase,
): Promise<PreparedCase> {
  const storage = new Storage(gpu);
  const tape = new Tape(gpu.capabilities);
  const given: Record<string, Value> = {};
  for (const [binding, spec] of Object.entries(inputs)) {
    given[binding] = state(binding, spec);
    storage.write(given[binding], randomData(spec, Object.keys(given).length));
  }
  const outputs = tape.dispatch(kernel, given, attributes);
  const plan = await Plan.compile(tape, storage, { keep: Object.values(outputs) });
  const timer = new PassTimer(gpu);
  const time = (count: number) =>
    timer.time((pass) => {
      for (let i = 0; i < count; i++) plan.encode(pass);
    });
  for (let i = 0; i < WARM_UP; i++) await time(1);
  const once = (await time(1)).wall;
  const batch = Math.max(1, Math.min(MAX_BATCH, Math.round(BATCH_MS / once)));
  await time(batch);
  const { values } = tape.dispatches[0];
  return {
    bytes: Object.values(values).reduce((sum, value) => sum + value.bytes, 0),
    batch,
    time,
    dispose() {
      timer.dispose();
      plan.dispose();
      storage.dispose();
    },
  };
}

async function measureCase(
  gpu: Gpu,
  benchCase: BenchCase,
  { repeats, cpuTime }: MeasureOptions,
): Promise<BenchResult> {
  const { name, kernel, inputs, attributes } = benchCase;
  const prepared = await prepareCase(gpu, benchCase);
  const { batch, bytes } = prepared;
  try {
    const samples = { timestamp: [] as number[], wall: [] as number[], cpu: [] as number[] };
    for (let i = 0; i < repeats; i++) {
      const cpu = (await cpuTime?.()) ?? 0;
      const { wall, timestamp } = await prepared.time(batch);
      samples.cpu.push((((await cpuTime?.()) ?? 0) - cpu) / batch);
      samples.wall.push(wall / batch);
      if (timestamp !== null) samples.timestamp.push(timestamp / batch);
    }
    // A clock that stands still (quantised, or not kept by the driver) is no clock.
    const clocked = samples.timestamp.length === repeats && spread(samples.timestamp).min > 0;
    const ms = spread(clocked ? samples.timestamp : samples.wall);
    const flops = kernel.flops?.(inputs, attributes);
    const cpuMs = cpuTime && spread(samples.cpu);
    return {
      kernel: kernel.name,
      name,
      method: clocked ? 'timestamp' : 'wall',
      repeats,
      batch,
      ms,
      gflops: flops ? flops / ms.median / 1e6 : null,
      gbytesPerSecond: bytes / ms.median / 1e6,
      ...(cpuMs && { cpuMs }),
      ...(cpuMs && flops && { gflopsPerCore: flops / cpuMs.median / 1e6 }),
    };
  } finally {
    prepared.dispose();
  }
}

/** Numbers in [-1, 1), or whole numbers below 7 (a label, an index), in the spec's layout. */
function randomData(spec: TensorSpec, seed: number): Float32Array | Uint32Array {
  const length = size(spec.shape);
  const data = spec.dtype === 'f32' ? new Float32Array(length) : new Uint32Array(length);
  let a = seed;
  for (let i = 0; i < length; i++) {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0;
    data[i] = spec.dtype === 'f32' ? a / 2147483648 - 1 : Math.floor((a / 4294967296) * 7);
  }
  return toLayout(spec, data);
}
