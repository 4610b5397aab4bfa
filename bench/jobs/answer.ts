import type { AdapterDescription, Gpu } from '../../src/gpu/device';
import { syntheticFaces } from '../../src/data/synthetic';
import { Model } from '../../src/nn/model';
import { PRESETS, type Preset } from '../../src/nn/config';
import { trainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/trainer';
import { benchCases } from '../kernels/cases';
import { measure, type BenchResult } from '../versus/measure';
import { measurePeak, type Peak } from '../peak/peak';
import { jax } from '../peers/jax';
import { onnxruntime } from '../peers/onnxruntime';
import type { PeerLoader } from '../peers/packages';
import { tfjs } from '../peers/tfjs';
import { PROBLEMS } from '../versus/problems';
import { profileStep } from './profile';
import type { Profile } from '../report/roofline';
import { facegrad } from '../versus/facegrad';
import type { Subject } from '../versus/subject';
import { tune, type TuneResult } from './tune';
import { versus, type Measurement } from '../versus/versus';

/** What a run was taken on, and what that can do at best. */
export interface Facts {
  adapter: AdapterDescription;
  /** Lanes in a subgroup where the adapter fixes one size, else 0. */
  subgroupSize: number;
  features: string[];
  peak: Peak;
  /** Dispatches that a training step of each preset records. */
  dispatches: Record<string, number>;
}

/** What can be asked of a page or a Node process; plain data. */
export type Job =
  | { kind: 'facts' }
  | {
      kind: 'problem';
      name: string;
      libraries: string[];
      rounds: number;
      leastRounds: number;
      budgetMs: number;
    }
  | { kind: 'kernels'; pattern: string; repeats: number }
  | { kind: 'profile'; preset: Preset; batch: number; repeats: number }
  | { kind: 'tune'; preset: Preset; batch: number };

/** Where a job runs. */
export interface Place {
  requestGpu(): Promise<Gpu>;
  loader: PeerLoader;
  /** CPU milliseconds so far of whatever runs the GPU's work, where that is known. */
  cpuTime?: () => Promise<number>;
  onProgress(text: string): void;
  /** Tells whoever watches the time which library begins something, and when none does. */
  onTurn?(library: string | undefined): void;
}

export type Answer = Facts | Measurement[] | BenchResult[] | Profile | TuneResult;

/** All libraries, those that are not ours last. */
export const LIBRARIES: Record<string, (place: Place) => Subject> = {
  facegrad: ({ requestGpu }) => facegrad(requestGpu, 'fast'),
  'facegrad plain': ({ requestGpu }) => facegrad(requestGpu, 'plain'),
  'jax-js webgpu': ({ loader }) => jax(loader),
  'tfjs webgpu': ({ loader }) => tfjs(loader, 'webgpu'),
  'tfjs wasm': ({ loader }) => tfjs(loader, 'wasm'),
  'onnxruntime webgpu': ({ loader }) => onnxruntime(loader, 'webgpu'),
  'onnxruntime wasm': ({ loader }) => onnxruntime(loader, 'wasm'),
};

/** Kept from problem to problem, as a page that uses a library would keep it. */
const subjects = new Map<string, Subject>();

export async function answer(job: Job, place: Place): Promise<Answer> {
  if (job.kind === 'facts') return facts(place);
  if (job.kind === 'profile') return profileStep(job, place);
  if (job.kind === 'tune') return tune(job, place);
  if (job.kind === 'kernels') {
    const gpu = await place.requestGpu();
    const results = await measure(gpu, await benchCases(job.pattern), {
      repeats: job.repeats,
      cpuTime: place.cpuTime,
      onResult: ({ kernel, name, ms }) =>
        place.onProgress(`${kernel} ${name} ${ms.median.toPrecision(3)} ms`),
    });
    gpu.dispose();
    return results;
  }
  const entry = PROBLEMS.find(({ name }) => name === job.name);
  if (!entry) throw new Error(`no problem ${job.name}`);
  const chosen = job.libraries.map((library) => {
    const subject = subjects.get(library) ?? LIBRARIES[library](place);
    subjects.set(library, subject);
    return subject;
  });
  return versus(entry.make(), chosen, { ...job, ...place });
}

async function facts(place: Place): Promise<Facts> {
  const gpu = await place.requestGpu();
  place.onProgress('peak of arithmetic and memory');
  const peak = await measurePeak(gpu);
  const data = syntheticFaces({ seed: 1, count: 16, size: 48 });
  const dispatches = Object.fromEntries(
    (Object.keys(PRESETS) as Preset[]).map((preset) => {
      const config = trainConfig(preset, { batch: 16 });
      const { tape } = recordStep(gpu, new Model(config.model), config, data);
      return [preset, tape.dispatches.length];
    }),
  );
  const { adapter, capabilities } = gpu;
  const { features, subgroupSize } = capabilities;
  gpu.dispose();
  return { adapter, subgroupSize, features: [...features], peak, dispatches };
}
