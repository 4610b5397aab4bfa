import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { FacegradError } from '../../src/gpu/errors';
import { PRESETS } from '../../src/nn/systems/cnn_lstm';
import {
  checkTrainConfig,
  classWeights,
  trainConfig,
  type TrainConfig,
} from '../../src/train/config';

const COUNTS = [3995, 436, 4097, 7215, 4830, 3171, 4965]; // FER2013 Training

describe('classWeights', () => {
  const tables = {
    none: [1, 1, 1, 1, 1, 1, 1],
    sqrt: [1.058, 3.203, 1.045, 0.787, 0.962, 1.188, 0.949],
    effective: [0.979, 2.719, 0.977, 0.962, 0.969, 1.003, 0.968],
    inverse: [1.027, 9.407, 1.001, 0.568, 0.849, 1.293, 0.826],
  } as const;

  it.each(Object.entries(tables))('%s on FER2013', (rule, expected) => {
    const weights = classWeights(rule as keyof typeof tables, COUNTS);
    weights.forEach((weight, c) => expect(Math.abs(weight - expected[c])).toBeLessThan(0.00051));
  });

  it.each(['sqrt', 'inverse', 'effective'] as const)(
    '%s has a mean of 1 over the images',
    (rule) => {
      const weights = classWeights(rule, COUNTS);
      const images = COUNTS.reduce((a, b) => a + b, 0);
      const mean = weights.reduce((sum, weight, c) => sum + weight * COUNTS[c], 0) / images;
      expect(mean).toBeCloseTo(1, 12);
    },
  );

  it('stays finite where a class has no image', () => {
    for (const rule of ['sqrt', 'inverse', 'effective'] as const) {
      const weights = classWeights(rule, [10, 0, 5]);
      expect(weights.every((weight) => Number.isFinite(weight) && weight > 0)).toBe(true);
    }
  });

  it('takes numbers as they are, one a class', () => {
    expect(classWeights([1, 2], [5, 5])).toEqual([1, 2]);
    expect(() => classWeights([1, 2], [5, 5, 5])).toThrow(FacegradError);
  });
});

describe('trainConfig', () => {
  it('fills a preset and merges what is nested', () => {
    const config = trainConfig('tiny', {
      epochs: 3,
      optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 0 },
      model: { dropout: 0 },
    });
    expect(config.model).toEqual({ ...PRESETS.tiny, dropout: 0 });
    expect(config.optimizer.name).toBe('sgd');
    expect(config.batch).toBe(64);
  });

  it('presets are the documented shapes', () => {
    expect(PRESETS.small).toMatchObject({ size: 48, widths: [16, 32, 64, 96, 128], hidden: 128 });
    expect(PRESETS.paper).toMatchObject({
      size: 96,
      widths: [32, 64, 128, 128, 256],
      dense: 256,
      hidden: 128,
    });
  });

  const wrong: [string, (config: TrainConfig<ModelConfig>) => void][] = [
    ['epochs', (c) => (c.epochs = 0)],
    ['epochs', (c) => (c.epochs = 1.5)],
    ['batch', (c) => (c.batch = 1)],
    ['seed', (c) => (c.seed = -1)],
    ['learningRate', (c) => (c.optimizer.learningRate = 0)],
    ['weightDecay', (c) => (c.optimizer.weightDecay = NaN)],
    ['gamma', (c) => (c.loss.gamma = -1)],
    ['smoothing', (c) => (c.loss.smoothing = 1)],
    ['threshold', (c) => (c.loss.threshold = 1.5)],
    ['mixup', (c) => (c.mixup = 2)],
    ['dropout', (c) => (c.model.dropout = 1)],
    ['pools leave nothing', (c) => (c.model.size = 16)],
    ['streams', (c) => (c.model.streams = ['raw', 'raw'])],
    ['classes', (c) => (c.model.classes = ['one'])],
    ['still', (c) => (c.model.frames = { mode: 'still', count: 2 })],
    [
      "fusion 'lstm'",
      (c) => {
        c.model.fusion = 'concat';
        c.model.frames = { mode: 'views', count: 2 };
      },
    ],
    [
      'two streams',
      (c) => {
        c.model.streams = ['edges'];
        c.model.frames = { mode: 'streams', count: 1 };
      },
    ],
  ];
  it.each(wrong)('refuses a wrong %s', (named, change) => {
    const config = structuredClone(trainConfig('tiny'));
    change(config);
    expect(() => checkTrainConfig(config)).toThrow(new RegExp(named));
  });

  it('names the presets there are', () => {
    expect(() => trainConfig('large' as 'tiny')).toThrow(/unknown preset large/);
  });
});
