import { describe, expect, it } from 'vitest';
import {
  conv5x5BackwardInput,
  conv5x5BackwardWeight,
  conv5x5Forward,
} from '../../src/kernels/reference/conv5x5';
import { modelConfig, type ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { createNetwork } from '../../src/nn/systems';
import { memoryStorage } from './memory_storage';
import { uniform } from './random';
import {
  convBackwardInput,
  convBackwardWeight,
  convForward,
  ReferenceModel,
} from './reference_model';

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i])), 0);
  expect(worst).toBeLessThan(1e-12);
}

describe('the fast convolution of the reference model is the reference', () => {
  const shapes = [
    { G: 2, N: 2, C: 3, O: 2, H: 7, W: 6 },
    { G: 1, N: 1, C: 1, O: 1, H: 1, W: 1 },
    { G: 1, N: 2, C: 2, O: 3, H: 2, W: 3 },
  ];
  it.each(shapes)('$H x $W', (shape) => {
    const { G, N, C, O, H, W } = shape;
    const x = uniform(G * N * C * H * W, 1);
    const weight = uniform(G * C * 25 * O, 2);
    const dy = uniform(G * N * O * H * W, 3);
    expectClose(convForward(x, weight, shape), conv5x5Forward(x, weight, shape));
    expectClose(convBackwardInput(dy, weight, shape), conv5x5BackwardInput(dy, weight, shape));
    expectClose(convBackwardWeight(x, dy, shape), conv5x5BackwardWeight(x, dy, shape));
  });
});

describe('gradients of the whole reference model against central differences', () => {
  const changes: Partial<ModelConfig>[] = [
    {},
    { fusion: 'concat' },
    { streams: ['raw'] },
    { frames: { mode: 'streams', count: 1 } },
    { frames: { mode: 'sequence', count: 2 } },
  ];
  it.each(changes.map((change) => ({ name: JSON.stringify(change), change })))(
    '$name',
    async ({ change }) => {
      const config = modelConfig('tiny', {
        size: 9,
        widths: [2, 3],
        dense: 4,
        hidden: 3,
        dropout: 0,
        classes: ['a', 'b', 'c'],
        ...change,
      });
      const model = createNetwork(config);
      const storage = memoryStorage();
      model.initialize(storage, 5);
      const tensors = await model.export(storage);
      const sequence = config.frames.mode === 'sequence';
      const x = uniform(config.streams.length * config.frames.count * 3 * 81, 4);
      const lengths = sequence ? [2, 1, 2] : undefined;
      const labels = [2, 0, 1];
      const options = { gamma: 2, alpha: [0.5, 1, 1.5], smoothing: 0.1 };
      const reference = new ReferenceModel(config, tensors);
      const { gradients } = reference.step(x, labels, options, lengths);
      expect(Object.keys(gradients).sort()).toEqual(Object.keys(reference.parameters).sort());
      const loss = () => reference.step(x, labels, options, lengths).loss;
      for (const [name, values] of Object.entries(reference.parameters)) {
        const stride = Math.max(1, Math.floor(values.length / 7));
        for (let i = 0; i < values.length; i += stride) {
          const value = values[i];
          const h = 1e-6;
          values[i] = value + h;
          const above = loss();
          values[i] = value - h;
          const below = loss();
          values[i] = value;
          const numeric = (above - below) / (2 * h);
          expect(Math.abs(numeric - gradients[name][i]), `${name}[${i}]`).toBeLessThan(
            1e-7 + 1e-5 * Math.abs(numeric),
          );
        }
      }
    },
  );
});
