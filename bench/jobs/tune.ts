import type { Capabilities, Gpu } from '../../src/gpu/device';
import {
  conv5x5BackwardWeight,
  conv5x5Forward,
  conv5x5ReduceWeight,
  conv5x5Variant,
} from '../../src/kernels/conv5x5';
import { bordered, f32, type TensorSpec } from '../../src/kernels/kernel';
import { convKey, type ConvChoice, type ConvPass } from '../../src/kernels/tuning';
import { modelConfig, type Preset } from '../../src/nn/config';
import type { BenchCase } from '../kernels/case';
import { prepareCase } from '../versus/measure';
import { pairedRatio, spread } from '../versus/statistics';
import type { Place, TunedLayer, TuneResult } from './job';

/** What is not this much faster than the usual choice is noise, and stays out of the table. */
const GAIN = 1.05;
const ROUNDS = 7;
const PARTS = [1, 2, 4, 8, 16, 32, 64];

/** A way to run a layer: what the table says, and the dispatches that it stands for. */
interface Candidate {
  choice: ConvChoice;
  cases: BenchCase[];
}

/** Times every way to run every convolution of a preset's training step. */
export async function tune(
  { preset, batch }: { preset: Preset; batch: number },
  place: Place,
): Promise<TuneResult> {
  const gpu = await place.requestGpu();
  const { size, widths, streams, frames } = modelConfig(preset);
  const G = streams.length;
  const N = batch * frames.count;
  const layers: TunedLayer[] = [];
  let W = size;
  let C = 1;
  for (const O of widths) {
    const x = f32([G, N, C, W, W], bordered(W));
    const dy = f32([G, N, O, W, W], bordered(W));
    // The first layer's input is data: nothing asks for its gradient.
    const passes: ConvPass[] = ['forward', ...(C > 1 ? (['backward_input'] as const) : [])];
    for (const pass of passes) {
      const [read, outputs] = pass === 'forward' ? [x, O] : [dy, C];
      const found = imageCandidates(gpu.capabilities, pass, read, outputs);
      layers.push(await search(gpu, convKey(pass, read, outputs), found, place));
    }
    const found = weightCandidates(gpu.capabilities, x, dy);
    layers.push(await search(gpu, convKey('backward_weight', x, O), found, place));
    W = Math.floor(W / 2);
    C = O;
  }
  const { vendor, architecture, description } = gpu.adapter;
  const better = layers.filter(({ gain }) => gain > GAIN);
  gpu.dispose();
  return {
    tuning: {
      adapter: [vendor, architecture, description].filter(Boolean).join(' '),
      conv5x5: Object.fromEntries(better.map(({ key, best }) => [key, best])),
    },
    layers,
  };
}

/** The variants that the device has; the usual one first. */
function variants(capabilities: Capabilities, read: TensorSpec[]): ConvChoice['variant'][] {
  return conv5x5Variant(capabilities, read) === 'subgroup' ? ['subgroup', 'tiled'] : ['tiled'];
}

function imageCandidates(
  capabilities: Capabilities,
  pass: ConvPass,
  x: TensorSpec,
  outputs: number,
): Candidate[] {
  const weight = f32([x.shape[0], x.shape[2], 5, 5, outputs]);
  const direction = pass === 'forward' ? 'forward' : 'backward_input';
  return variants(capabilities, [x]).map((variant) => {
    const { kernel, attributes } = conv5x5Forward(capabilities, direction, variant, x, weight);
    return {
      choice: { variant },
      cases: [{ name: variant, kernel, inputs: { x, weight }, attributes }],
    };
  });
}

function weightCandidates(capabilities: Capabilities, x: TensorSpec, dy: TensorSpec): Candidate[] {
  const [G, N, C, H] = x.shape;
  return variants(capabilities, [x, dy]).flatMap((variant) => {
    const { kernel, attributes } = conv5x5BackwardWeight(capabilities, variant, x, dy);
    const others = PARTS.filter((parts) => parts !== attributes.parts && parts <= N * H);
    return [attributes.parts, ...others].map((parts): Candidate => {
      const name = `${variant} in ${parts}`;
      const chosen = { ...attributes, parts };
      const cases: BenchCase[] = [{ name, kernel, inputs: { x, dy }, attributes: chosen }];
      const partials = f32([G, parts, C, 5, 5, dy.shape[2]]);
      if (parts > 1) cases.push({ name, kernel: conv5x5ReduceWeight, inputs: { partials } });
      return { choice: { variant, parts }, cases };
    });
  });
}

async function search(
  gpu: Gpu,
  key: string,
  candidates: Candidate[],
  place: Place,
): Promise<TunedLayer> {
  place.onProgress(key);
  const prepared = [];
  for (const { cases } of candidates) {
    prepared.push(await Promise.all(cases.map((one) => prepareCase(gpu, one))));
  }
  // In turn, so that what else the machine does falls on all of them alike.
  const samples: number[][] = candidates.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, parts] of prepared.entries()) {
      let ms = 0;
      for (const { batch, time } of parts) ms += (await time(batch)).wall / batch;
      samples[i].push(ms);
    }
  }
  for (const one of prepared.flat()) one.dispose();
  const ratios = samples.map((times) => pairedRatio(samples[0], times));
  const best = ratios.reduce((a, { value }, i) => (value > ratios[a].value ? i : a), 0);
  return {
    key,
    usualMs: spread(samples[0]).median,
    bestMs: spread(samples[best]).median,
    best: candidates[best].choice,
    gain: ratios[best].low,
  };
}
