import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';
import type { Capabilities } from '../../src/gpu/device';
import { f32, u32 } from '../../src/kernels/kernel';
import { DIRECT, PLAIN } from '../../src/kernels/tuning';
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  Linear,
  LSTM,
  MaxPool2d,
  ReLU,
  SideBySide,
} from '../../src/nn/layers';
import { Module, Sequential, Streams, type Pass } from '../../src/nn/module';
import { Network } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { PRESETS, type ModelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { reshape } from '../../src/tape/operations/reshape';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { trainConfig, type TrainChanges } from '../../src/train/config';
import { recordStep } from '../../src/train/step';

/**
 * What every preset dispatches, and where its parameters lie, as recorded before the model's parts were
 * rewritten. The same dispatches over the same memory give the same bits at the same speed, so these
 * files change only with a kernel or the network itself: `vitest run -u test/train/golden.test.ts`.
 */
const capabilities = (subgroupSize: number): Capabilities => ({
  features: new Set(subgroupSize > 0 ? ['subgroups'] : []),
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBuffersPerShaderStage: 8,
    maxStorageBufferBindingSize: 2 ** 27,
    maxBufferSize: 2 ** 28,
  } as GPUSupportedLimits,
  subgroupMinSize: subgroupSize,
  subgroupMaxSize: subgroupSize,
});

const SUBGROUPS = [0, 4, 8, 16, 32, 64];
const BATCHES: Record<Preset, number[]> = { tiny: [16, 64], small: [16, 64], paper: [8, 64] };

const MODES: [string, TrainChanges][] = [
  ['default', {}],
  ['equalized', { model: { streams: ['equalized'] } }],
  ['edges', { model: { streams: ['edges'] } }],
  ['raw', { model: { streams: ['raw'] } }],
  ['raw concat', { model: { streams: ['raw'], fusion: 'concat' } }],
  ['concat', { model: { fusion: 'concat' } }],
  ['views', { model: { frames: { mode: 'views', count: 3 } } }],
  ['streams', { model: { frames: { mode: 'streams', count: 1 } } }],
  ['sequence', { model: { frames: { mode: 'sequence', count: 3 } } }],
  ['no dropout', { model: { dropout: 0 } }],
  ['plain kernels', { tuning: PLAIN }],
  ['direct kernels', { tuning: DIRECT }],
  ['sgd', { optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 0, clipNorm: 1 } }],
  ['adagrad', { optimizer: { name: 'adagrad', learningRate: 0.1, weightDecay: 0 } }],
];

/** A dispatch list with everything that decides what runs, values numbered in order of appearance. */
function canonical(tape: Tape): string {
  const numbers = new Map<Value, number>();
  const number = (value: Value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value)!;
  };
  return tape.dispatches
    .map(({ kernel, values, inputs, attributes }) => {
      const bound = Object.entries(values).map(([name, { root, offset, spec }]) => {
        const { shape, dtype, layout } = spec;
        const border = layout ? `+${layout.border},${layout.rowStride}` : '';
        const content = root.initial ? `{${root.initial}}` : '';
        return `${name}=${root.role[0]}${number(root)}@${offset}:${dtype}[${shape}]${border}${content}`;
      });
      const facts = [
        kernel.params?.(inputs, attributes),
        kernel.overrides?.(inputs, attributes),
        kernel.constants?.(inputs, attributes),
        kernel.workgroups(inputs, attributes),
      ];
      const text = facts.map((fact) => (fact ? JSON.stringify(Object.entries(fact).sort()) : '-'));
      return `${kernel.name}(${bound.join(' ')}) ${text.join(' ')}`;
    })
    .join('\n');
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

function training(preset: Preset, changes: TrainChanges, batch: number, subgroupSize: number) {
  const config = trainConfig(preset, { ...changes, batch });
  const data =
    config.model.frames.mode === 'sequence'
      ? syntheticSequences({ seed: 1, count: 7, frames: 3 })
      : syntheticFaces({ seed: 1, count: 7 });
  const model = createNetwork(config.model);
  const step = recordStep({ capabilities: capabilities(subgroupSize) }, model, config, data);
  return { model, tape: step.tape };
}

function inference(config: ModelConfig, samples: number, subgroupSize: number, carried: boolean) {
  const tape = new Tape(capabilities(subgroupSize));
  const images = state('images', f32([samples, config.size, config.size]));
  createNetwork(config).forward(tape, images, samples, {
    training: false,
    step: state('step', u32([64])),
    memory: carried ? [] : undefined,
  });
  return tape;
}

/** Name, shape and place of every tensor of the flat buffers. */
function layout(model: Network): string {
  const rows: string[] = [];
  for (const [kind, arena] of Object.entries(model.arenas)) {
    if (arena.entries.length === 0) continue; // nothing is frozen
    for (const { name, value } of arena.entries) {
      rows.push(`${kind} ${name} [${value.shape}] at ${value.offset}`);
    }
    rows.push(`${kind}: ${arena.flat.shape[0]}, decay up to ${arena.decayLength}`);
  }
  return rows.join('\n');
}

/** The paper's network as a reader of docs/own-model.md would write it. */
class ByHand extends Module {
  readonly streams: Streams;
  readonly lstm: LSTM;
  readonly classifier: Linear;
  readonly #beside = new SideBySide();

  constructor({ size, widths, dense, hidden, streams, classes, dropout }: ModelConfig) {
    super();
    const blocks = widths.flatMap((width, i) => [
      new Conv2d(widths[i - 1] ?? 1, width, 5, { padding: 2, bias: false }),
      new BatchNorm2d(width),
      new ReLU(),
      new MaxPool2d(2),
    ]);
    const features = widths.at(-1)! * Math.floor(size / 2 ** widths.length) ** 2;
    const ends = [new Flatten(2), new Linear(features, dense), new ReLU(), new Dropout(dropout)];
    this.streams = new Streams(streams, new Sequential(...blocks, ...ends));
    this.lstm = new LSTM(dense * streams.length, hidden, { forgetBias: true });
    this.classifier = new Linear(hidden, classes.length);
  }

  forward(pass: Pass, x: Value): Value {
    const features = this.#beside.forward(pass, this.streams.forward(pass, x));
    const steps = pass.tape.apply(reshape, { x: features }, { shape: [1, ...features.shape] }).y;
    return this.classifier.forward(pass, this.lstm.sequence(pass, steps).h_n);
  }
}

describe('the recorded network', () => {
  for (const preset of Object.keys(PRESETS) as Preset[]) {
    it(`${preset}: the same dispatches in every mode, on every adapter`, async () => {
      const rows: string[] = [];
      for (const [mode, changes] of MODES) {
        for (const batch of BATCHES[preset]) {
          for (const lanes of SUBGROUPS) {
            const { tape } = training(preset, changes, batch, lanes);
            const { length } = tape.dispatches;
            rows.push(
              `${mode}, batch ${batch}, ${lanes} lanes: ${length} ${hash(canonical(tape))}`,
            );
          }
        }
      }
      for (const carried of [false, true]) {
        for (const samples of [1, 32]) {
          for (const lanes of SUBGROUPS) {
            const tape = inference(PRESETS[preset], samples, lanes, carried);
            const what = `inference of ${samples}${carried ? ', state carried' : ''}, ${lanes} lanes`;
            rows.push(`${what}: ${tape.dispatches.length} ${hash(canonical(tape))}`);
          }
        }
      }
      await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(`golden/${preset}.hashes.txt`);
    });

    it(`${preset}: the same text and the same places of parameters`, async () => {
      const { tape, model } = training(preset, {}, BATCHES[preset][0], 8);
      const text = `${layout(model)}\n\n${tape.toString()}\n`;
      await expect(text).toMatchFileSnapshot(`golden/${preset}.txt`);
      const layouts = MODES.map(([mode, changes]) => {
        const { model } = training(preset, changes, BATCHES[preset][0], 0);
        return `${mode}: ${hash(layout(model))}`;
      });
      await expect(`${layouts.join('\n')}\n`).toMatchFileSnapshot(`golden/${preset}.layouts.txt`);
    });

    it(`${preset} of plain layers: the preset's own dispatches, so its speed and its bits`, () => {
      const batch = BATCHES[preset][0];
      for (const lanes of SUBGROUPS) {
        const config = trainConfig(preset, { batch });
        const { size, streams, classes } = config.model;
        const network = new Network(new ByHand(PRESETS[preset]), { size, streams, classes });
        const data = syntheticFaces({ seed: 1, count: 7 });
        const { tape } = recordStep({ capabilities: capabilities(lanes) }, network, config, data);
        expect(canonical(tape)).toBe(canonical(training(preset, {}, batch, lanes).tape));
      }
    });
  }
});
