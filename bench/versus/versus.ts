import {
  aliveBytes,
  installCounters,
  peakBytes,
  readCounts,
  resetCounts,
  type Counts,
} from './counters';
import type { Problem } from './problems';
import { difference, spread, type Spread } from './statistics';
import { Unsupported, type Prepared, type Subject } from './subject';

/** One problem, as one library solves it. */
export interface Measurement {
  problem: string;
  library: string;
  /** Why there are no times. */
  refused?: string;
  /** Milliseconds a run, from its start to the end of all its work. */
  ms?: Spread;
  samples?: number[];
  /** Runs in one timed batch. */
  batch?: number;
  /** Milliseconds of JavaScript a run. */
  scriptMs?: number;
  /** CPU milliseconds of all of the browser's processes a run, where the system tells. */
  cpuMs?: number;
  /** Milliseconds from nothing to the end of the first run: data, compilation, run. */
  firstMs?: number;
  /** Of one run, once it is under way. */
  counts?: Counts;
  /** Bytes of GPU buffers that live while it runs, at most. */
  memory?: number;
  /** Largest difference from the first library's outputs. */
  difference?: number;
  gflops?: number;
  gbytesPerSecond?: number;
}

export interface VersusOptions {
  /** Timed batches of each library, at most and at least. */
  rounds: number;
  leastRounds: number;
  /** No further round begins after so many milliseconds of timing. */
  budgetMs: number;
  cpuTime?: () => Promise<number>;
  onProgress?: (text: string) => void;
  /** Which library begins to get ready, a run or a timed batch; nothing at the end. */
  onTurn?: (library: string | undefined) => void;
}

/** A batch is as many runs as take about this long, so that clocks do not count. */
const BATCH_MS = 40;
const MAX_BATCH = 100;
const ENCODES = 200;
const OVER_BUDGET = 3;

interface Contestant {
  subject: Subject;
  prepared: Prepared;
  measurement: Measurement;
  samples: number[];
  cpu: number[];
  scripts: number[];
  batch: number;
}

/**
 * Puts one problem to several libraries. Each is prepared, run and compared with the first; then they
 * take turns, so that what else the machine does falls on all of them alike.
 */
export async function versus(
  problem: Problem,
  subjects: Subject[],
  options: VersusOptions,
): Promise<Measurement[]> {
  installCounters();
  const measurements: Measurement[] = [];
  const contestants: Contestant[] = [];
  let wanted: Record<string, Float32Array> | undefined;
  for (const subject of subjects) {
    const measurement: Measurement = { problem: problem.name, library: subject.library };
    measurements.push(measurement);
    options.onProgress?.(`${problem.name}: ${subject.library}`);
    let prepared: Prepared | undefined;
    try {
      options.onTurn?.(subject.library);
      const before = aliveBytes();
      resetCounts();
      const begin = performance.now();
      prepared = await subject.prepare(problem);
      await prepared.run();
      await prepared.finish();
      measurement.firstMs = performance.now() - begin;
      measurement.memory = peakBytes() - before;
      const first = await prepared.outputs();
      resetCounts();
      options.onTurn?.(subject.library);
      const again = performance.now();
      await prepared.run();
      await prepared.finish();
      const once = performance.now() - again;
      measurement.counts = readCounts();
      measurement.memory = Math.max(measurement.memory, peakBytes() - before);
      const outputs = problem.kind === 'train' ? await prepared.outputs() : first;
      wanted ??= outputs;
      measurement.difference = worst(wanted, outputs);
      if (!(measurement.difference <= problem.tolerance)) {
        const by = measurement.difference.toPrecision(2);
        throw new Error(`its results differ by ${by} from those of ${subjects[0].library}`);
      }
      const contestant = { subject, prepared, measurement, samples: [], cpu: [], scripts: [] };
      const batch = Math.max(1, Math.min(MAX_BATCH, Math.round(BATCH_MS / Math.max(once, 0.1))));
      contestants.push({ ...contestant, batch });
    } catch (error) {
      measurement.refused = (error as Error).message || String(error);
      if (!(error instanceof Unsupported)) options.onProgress?.(`  ${measurement.refused}`);
      prepared?.dispose();
    }
  }
  const begin = performance.now();
  for (let round = 0; round < options.rounds; round++) {
    const spent = performance.now() - begin;
    // Where one round alone takes several times what all should, there are fewer.
    if (spent > options.budgetMs && round >= options.leastRounds) break;
    if (spent > OVER_BUDGET * options.budgetMs) break;
    // Every other round backwards, so that nobody always runs after the same one.
    const order = round % 2 ? [...contestants].reverse() : contestants;
    for (const contestant of order) {
      options.onTurn?.(contestant.subject.library);
      await timeBatch(contestant, options);
    }
  }
  options.onTurn?.(undefined);
  for (const { prepared, measurement, samples, cpu, scripts, batch } of contestants) {
    measurement.ms = spread(samples);
    measurement.samples = samples;
    measurement.batch = batch;
    measurement.scriptMs = prepared.encode ? meanEncode(prepared) : spread(scripts).median;
    if (options.cpuTime) measurement.cpuMs = spread(cpu).median;
    measurement.gflops = problem.flops / measurement.ms.median / 1e6;
    if (problem.kind === 'layer') {
      measurement.gbytesPerSecond = problem.bytes / measurement.ms.median / 1e6;
    }
    prepared.dispose();
  }
  return measurements;
}

/** Only outputs that both have are compared; none in common is a difference. */
function worst(wanted: Record<string, Float32Array>, got: Record<string, Float32Array>): number {
  const names = Object.keys(wanted).filter((name) => name in got);
  if (names.length === 0) return Infinity;
  return Math.max(...names.map((name) => difference(wanted[name], got[name])));
}

async function timeBatch(contestant: Contestant, { cpuTime }: VersusOptions): Promise<void> {
  const { prepared, batch } = contestant;
  const cpu = (await cpuTime?.()) ?? 0;
  let script = 0;
  const begin = performance.now();
  for (let i = 0; i < batch; i++) {
    const call = performance.now();
    const running = prepared.run();
    script += performance.now() - call;
    await running;
  }
  await prepared.finish();
  contestant.samples.push((performance.now() - begin) / batch);
  contestant.scripts.push(script / batch);
  if (cpuTime) contestant.cpu.push(((await cpuTime()) - cpu) / batch);
}

/** Mean over many encodings of one run, none of which is submitted. */
function meanEncode(prepared: Prepared): number {
  const begin = performance.now();
  for (let i = 0; i < ENCODES; i++) prepared.encode!();
  return (performance.now() - begin) / ENCODES;
}
