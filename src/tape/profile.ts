import type { Gpu } from '../gpu/device';
import { BufferUsage } from '../gpu/usage';
import type { Dispatch } from './dispatch';

const { COPY_DST, COPY_SRC, MAP_READ, QUERY_RESOLVE } = BufferUsage;

/** How long a submit took: by the wall's clock to its completion, by the GPU's clock where there is one. */
export interface Duration {
  wall: number;
  timestamp: number | null;
}

/** Times passes, each submitted by itself, in milliseconds. */
export class PassTimer {
  readonly #querySet?: GPUQuerySet;
  readonly #resolve?: GPUBuffer;
  readonly #staging?: GPUBuffer;

  constructor(private readonly gpu: Gpu) {
    const { device } = gpu;
    if (!device.features.has('timestamp-query')) return;
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.#resolve = device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC });
    this.#staging = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
  }

  async time(encode: (pass: GPUComputePassEncoder) => void): Promise<Duration> {
    const { device } = this.gpu;
    const [querySet, resolve, staging] = [this.#querySet, this.#resolve, this.#staging];
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(
      querySet && {
        timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
      },
    );
    encode(pass);
    pass.end();
    if (querySet && resolve && staging) {
      encoder.resolveQuerySet(querySet, 0, 2, resolve, 0);
      encoder.copyBufferToBuffer(resolve, 0, staging, 0, 16);
    }
    const commands = encoder.finish();
    const begin = performance.now();
    device.queue.submit([commands]);
    await this.gpu.done();
    const wall = performance.now() - begin;
    if (!staging) return { wall, timestamp: null };
    await this.gpu.map(staging);
    const [from, to] = new BigUint64Array(staging.getMappedRange());
    staging.unmap();
    return { wall, timestamp: Math.max(0, Number(to - from) / 1e6) }; // the specification allows negative intervals
  }

  dispose(): void {
    this.#querySet?.destroy();
    this.#resolve?.destroy();
    this.#staging?.destroy();
  }
}

/** A time of 40 steps of the coarsest clock, which browsers let tick every 0.1 ms. */
const LONG_ENOUGH_MS = 4;
const MOST_REPEATS = 8192;
/** A clock that has not moved after this long, and so many repeats, is not running: once may be a stall of the machine. */
const PATIENCE_MS = 500;
const ENOUGH_REPEATS = 16;

/**
 * Milliseconds of one of the things that `time` does `repeats` times over: more and more of them, until the clock's steps no
 * longer count. Where they always do, `timed` is false.
 */
export async function timeRepeated(
  time: (repeats: number) => Promise<Duration>,
): Promise<{ ms: number; repeats: number; timed: boolean }> {
  let repeats = 1;
  for (;;) {
    const { wall, timestamp } = await time(repeats);
    const ms = timestamp ?? wall;
    const timed = ms >= LONG_ENOUGH_MS;
    const stands = ms === 0 && wall >= PATIENCE_MS && repeats >= ENOUGH_REPEATS;
    if (timed || repeats >= MOST_REPEATS || stands) {
      return { ms: ms / repeats, repeats, timed };
    }
    const wanted = ms > 0 ? (1.5 * repeats * LONG_ENOUGH_MS) / ms : 0;
    repeats = Math.min(MOST_REPEATS, Math.max(4 * repeats, Math.ceil(wanted)));
  }
}

/** One dispatch's time in a profile. */
export interface StepTime {
  label: string;
  kernel: string;
  ms: number;
  /** Whether it ran for long enough, repeated, that its clock could tell. */
  timed: boolean;
  /** Of the mathematics. */
  flops: number;
  /** What the kernel does for it. */
  executed: number;
  /** Of everything bound that it touches, each once. */
  bytes: number;
  /** Of the first input. */
  shape: number[];
}

export interface ProfileOptions {
  /**
   * Milliseconds so far of whatever the GPU's work is done with, a clock instead of the device's own: on a busy
   * machine, a CPU's for an adapter that runs on it.
   */
  clock?: () => number | Promise<number>;
}

export interface PlanProfile {
  /** By the GPU's clock, or from submit to completion; where no other was given. */
  method: 'timestamp' | 'wall';
  steps: StepTime[];
}

/**
 * Times each dispatch by itself, as often in a row as its clock needs: what adds to state does so as
 * often.
 */
export async function profileDispatches(
  gpu: Gpu,
  steps: readonly { label: string; dispatch: Dispatch }[],
  encode: (pass: GPUComputePassEncoder, step: number) => void,
  { clock }: ProfileOptions = {},
): Promise<PlanProfile> {
  const timer = new PassTimer(gpu);
  const time = async (pass: (pass: GPUComputePassEncoder) => void): Promise<Duration> => {
    if (!clock) return timer.time(pass);
    const begin = await clock();
    const { wall } = await timer.time(pass);
    return { wall, timestamp: (await clock()) - begin };
  };
  const times: StepTime[] = [];
  await gpu.done();
  for (const [i, { label, dispatch }] of steps.entries()) {
    const { kernel, inputs, values, attributes } = dispatch;
    const { ms, timed } = await timeRepeated((repeats) =>
      time((pass) => {
        for (let r = 0; r < repeats; r++) encode(pass, i);
      }),
    );
    const flops = kernel.flops?.(inputs, attributes) ?? 0;
    times.push({
      label,
      kernel: kernel.name,
      ms,
      timed,
      flops,
      executed: kernel.executed?.(inputs, attributes) ?? flops,
      bytes: Object.entries(values)
        .filter(([name]) => !kernel.untouched?.(inputs, attributes).includes(name))
        .reduce((sum, [, value]) => sum + value.bytes, 0),
      shape: [...(Object.values(inputs)[0]?.shape ?? [])],
    });
  }
  timer.dispose();
  const method = gpu.device.features.has('timestamp-query') ? 'timestamp' : 'wall';
  return { method, steps: times };
}
