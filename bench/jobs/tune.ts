import { adapterName, type Capabilities, type Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { conv5x5FlipWeights } from '../../src/kernels/conv5x5';
import { bordered, f32, type Kernel, type TensorSpec } from '../../src/kernels/kernel';
import { convKey, type ConvChoice, type ConvPass, type Tuning } from '../../src/kernels/tuning';
import { modelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import type { BenchCase } from '../kernels/case';
import { prepareCase } from '../versus/measure';
import { pairedRatio, spread } from '../versus/statistics';
import type { Place, TunedLayer, TuneResult } from './job';

/** What is not this much faster than the usual choice is noise, and stays out of the table. */
const GAIN = 1.05;
const ROUNDS = 7;
const PASSES: ConvPass[] = ['forward', 'backward_input', 'backward_weight'];
const PARTS = [1, 2, 4, 8, 16, 32, 64];

/** A way to run a layer: what the table would say (nothing: as usual), and the dispatches that it stands for. */
interface Candidate {
  choice?: ConvChoice;
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
    const passes: ConvPass[] = C > 1 ? PASSES : ['forward', 'backward_weight'];
    for (const pass of passes) {
      const [read, outputs] = pass === 'backward_input' ? [dy, C] : [x, O];
      const found = candidates(gpu.capabilities, pass, [x, dy]);
      layers.push(await search(gpu, convKey(pass, read, outputs), found, place));
    }
    W = Math.floor(W / 2);
    C = O;
  }
  gpu.dispose();
  return {
    tuning: {
      adapter: adapterName(gpu.adapter),
      conv5x5: Object.fromEntries(
        layers.flatMap(({ key, best, gain }) => (best && gain > GAIN ? [[key, best]] : [])),
      ),
    },
    layers,
  };
}

/** Every way to run a pass; what is impossible here is refused when it is recorded. */
function choices(pass: ConvPass, [, N, , H]: readonly number[]): ConvChoice[] {
  const winograd = ([3, 4] as const).map((tile): ConvChoice => ({ variant: 'winograd', tile }));
  const direct = (['subgroup', 'tiled'] as const).flatMap((variant): ConvChoice[] =>
    pass === 'backward_weight'
      ? PARTS.filter((parts) => parts <= N * H).map((parts) => ({ variant, parts }))
      : [{ variant }],
  );
  return [...direct, ...winograd];
}

/** What a pass of a convolution dispatches under a choice, or as usual; undefined where that cannot run. */
function record(
  capabilities: Capabilities,
  pass: ConvPass,
  [x, dy]: [TensorSpec, TensorSpec],
  choice?: ConvChoice,
): BenchCase[] | undefined {
  const [G, , C] = x.shape;
  const O = dy.shape[2];
  const [read, outputs] = pass === 'backward_input' ? [dy, C] : [x, O];
  const conv: Tuning['conv5x5'] = choice ? { [convKey(pass, read, outputs)]: choice } : {};
  // A transform that forward has made costs the weight gradient nothing.
  if (choice?.variant === 'winograd') conv[convKey('forward', x, O)] = choice;
  const tape = new Tape(capabilities, { adapter: 'this', conv5x5: conv });
  const weight = state('weight', f32([G, C, 5, 5, O]));
  if (pass === 'backward_weight') weight.grad = state('gradient', weight.spec);
  const input = state('x', x);
  if (pass === 'backward_input') tape.watch(input);
  try {
    const { y } = tape.apply(conv5x5, { x: input, weight });
    const forward = tape.dispatches.length;
    tape.seed(y, state('dy', dy));
    if (pass !== 'forward') tape.backward();
    const dispatches = tape.dispatches.slice(pass === 'forward' ? 0 : forward);
    // Weights are flipped for all layers at once.
    return dispatches
      .filter(({ kernel }) => kernel !== (conv5x5FlipWeights as Kernel))
      .map(({ kernel, inputs, attributes }) => ({ name: kernel.name, kernel, inputs, attributes }));
  } catch (error) {
    if (error instanceof FacegradError && error.kind !== 'internal') return undefined;
    throw error;
  }
}

function candidates(
  capabilities: Capabilities,
  pass: ConvPass,
  specs: [TensorSpec, TensorSpec],
): Candidate[] {
  const given = [undefined, ...choices(pass, specs[0].shape)];
  return given.flatMap((choice) => {
    const cases = record(capabilities, pass, specs, choice);
    return cases ? [{ choice, cases }] : [];
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
