import { describe, expect, it } from 'vitest';
import { ABSENT, focalLoss, focalLossScale } from '../../src/kernels/focal_loss';
import { f32, u32 } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/focal_loss';
import { linear } from '../../src/tape/operations/dense';
import { focalLoss as focalLossOperation } from '../../src/tape/operations/focal_loss';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { ADAPTER, testGpu } from '../support/gpu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';
import { uniform } from '../support/random';

const labelsOf = (values: number[]) => tensor([values.length], values, { dtype: 'u32' });
const ones = (K: number) => tensor([K], new Array<number>(K).fill(1));

const random = (N: number, K: number, scale: number, seed = 1) => ({
  logits: tensor([N, K], seed, { scale }),
  labels: labelsOf(Array.from({ length: N }, (_, n) => (n * 5 + (n >> 3)) % K)),
  alpha: tensor(
    [K],
    Array.from({ length: K }, (_, j) => 0.5 + (j % 4) / 2),
  ),
});

/** One sample of two classes whose true class is ahead by z. */
const margin = (z: number) => ({
  logits: tensor([1, 2], [z, 0]),
  labels: labelsOf([0]),
  alpha: ones(2),
});

const powers = [0, 0.3, 0.5, 1, 1.5, 2, 5];

testKernel(focalLoss, {
  cases: [
    ...powers.map((gamma) => ({
      name: `gamma = ${gamma}`,
      inputs: random(20, 7, 4),
      attributes: { gamma, smoothing: 0 },
    })),
    {
      name: 'smoothing',
      inputs: random(20, 7, 4),
      attributes: { gamma: 2, smoothing: 0.1 },
    },
    {
      name: 'smoothed cross-entropy',
      inputs: random(5, 3, 2),
      attributes: { gamma: 0, smoothing: 0.3 },
    },
    ...[0.05, 0.3, 1].map((threshold) => ({
      name: `gamma 0 below ${threshold}`,
      inputs: random(40, 7, 4),
      attributes: { gamma: 2, smoothing: 0.1, threshold },
    })),
    { name: 'N = 1', inputs: random(1, 7, 3), attributes: { gamma: 2 } },
    { name: 'the sum', inputs: random(9, 7, 3), attributes: { gamma: 2, mean: false } },
    {
      name: 'the sum of smoothed losses, some absent',
      inputs: { ...random(4, 7, 3), labels: labelsOf([2, ABSENT, 0, 6]) },
      attributes: { gamma: 1.5, smoothing: 0.2, mean: false },
    },
    {
      name: 'no alpha',
      inputs: { ...random(9, 7, 3), alpha: tensor([7], Array<number>(7).fill(NaN)) },
      attributes: { gamma: 2, hasAlpha: false },
    },
    {
      name: 'one class has no loss',
      inputs: random(3, 1, 3),
      attributes: { gamma: 2 },
    },
    {
      name: 'equal logits',
      inputs: {
        logits: tensor([2, 7], new Float64Array(14)),
        labels: labelsOf([0, 6]),
        alpha: ones(7),
      },
      attributes: { gamma: 2 },
    },
    { name: 'past one workgroup', inputs: random(131, 7, 3), attributes: { gamma: 2 } },
    { name: 'many classes', inputs: random(3, 100, 3), attributes: { gamma: 2, smoothing: 0.1 } },
    {
      name: 'absent labels',
      inputs: {
        ...random(6, 7, 3),
        labels: labelsOf([2, ABSENT, 0, ABSENT, ABSENT, 6]),
      },
      attributes: { gamma: 2, smoothing: 0.1 },
    },
    {
      name: 'labels that are no class, the first of them included',
      inputs: { ...random(4, 7, 9), labels: labelsOf([7, 6, 8, 0]) },
      attributes: { gamma: 2 },
    },
    {
      name: 'no label at all',
      inputs: { ...random(2, 7, 3), labels: labelsOf([ABSENT, ABSENT]) },
      attributes: { gamma: 2 },
    },
    {
      name: 'sequences of samples',
      inputs: {
        ...random(6, 7, 3),
        logits: tensor([2, 3, 7], 4, { scale: 3 }),
        labels: tensor([2, 3], [0, 1, 2, 3, 4, 5], { dtype: 'u32' }),
      },
      attributes: { gamma: 2 },
    },
    ...[1e-4, 3, 6, 10, 20, 80, 1e4, -3, -20, -80, -1e4].flatMap((z) =>
      [0, 0.5, 2].map((gamma) => ({
        name: `true class ahead by ${z}, gamma = ${gamma}`,
        inputs: margin(z),
        attributes: { gamma },
      })),
    ),
  ],
  reference: ({ logits, labels, alpha }, { gamma, smoothing, mean, threshold, hasAlpha = true }) =>
    reference.focalLoss(
      logits.data,
      labels.data,
      hasAlpha ? alpha.data : new Float64Array(alpha.data.length).fill(1),
      gamma,
      smoothing,
      mean,
      threshold,
    ),
  // exp2 and log2 of WGSL are good to a few 1e-7; the power multiplies that by gamma (5 at most).
  tolerance: { absolute: 3e-6, relative: 3e-6 },
  race: { name: 'tiny', inputs: random(3, 2, 1), attributes: { gamma: 2, smoothing: 0 } },
});

testKernel(focalLossScale, {
  cases: [
    [1, 1],
    [1, 7],
    [5, 7],
    [64, 7],
    [131, 6],
    [3, 100],
    [2, 3, 7],
    [9, 1],
    [65, 64],
    [256, 2],
  ].flatMap((shape) =>
    [true, false].map((reduced) => ({
      name: `[${shape}]${reduced ? ', one factor' : ''}`,
      inputs: {
        dlogits: tensor(shape, 1),
        dy: tensor(reduced ? [] : shape.slice(0, -1), 2),
      },
      attributes: { reduced },
    })),
  ),
  reference: ({ dlogits, dy }, { reduced }) => {
    const K = dlogits.shape[dlogits.shape.length - 1];
    const factor = (i: number) => dy.data[reduced ? 0 : Math.floor(i / K)];
    return { dx: Float64Array.from(dlogits.data, (d, i) => d * factor(i)) };
  },
  tolerance: { absolute: 0, relative: 1e-7 },
});

type Inputs = Record<'logits', TestTensor>;
const fixed = random(6, 7, 2, 3);
testGradient('focal_loss', {
  cases: [...powers.map((gamma) => ({ gamma, smoothing: 0 })), { gamma: 2, smoothing: 0.2 }].map(
    (attributes) => ({
      name: `gamma = ${attributes.gamma}, smoothing = ${attributes.smoothing}`,
      inputs: { logits: fixed.logits } as Inputs,
      attributes,
    }),
  ),
  forward: ({ logits }, { gamma, smoothing }) =>
    // The sum of the losses is what the kernel differentiates: one output.
    [
      reference
        .focalLoss(logits.data, fixed.labels.data, fixed.alpha.data, gamma, smoothing)
        .loss.reduce((a, b) => a + b, 0),
    ],
  backward: ({ logits }, dy, { gamma, smoothing }) => ({
    logits: reference
      .focalLoss(logits.data, fixed.labels.data, fixed.alpha.data, gamma, smoothing)
      .dlogits.map((d) => d * dy[0]),
  }),
});

describe('focal_loss: what the definition promises', () => {
  it('is PyTorch cross-entropy with label smoothing at gamma = 0', () => {
    // -ln p is 1.4643687, 0.4643687 and 1.9643687: 0.9 of the true class's and 0.1 of their mean.
    const { loss } = reference.focalLoss([1, 2, 0.5], [1], [1, 1, 1], 0, 0.1);
    expect(loss[0]).toBeCloseTo(0.9 * 0.4643687 + 0.1 * 1.2977021, 6);
  });

  it.runIf(ADAPTER === 'gpu')('starts the backward pass of a tape', async () => {
    const [N, K, F] = [4, 3, 5];
    const storage = new Storage(await testGpu());
    const x = state('x', f32([N, F]));
    const weight = state('weight', f32([K, F]));
    weight.grad = state('weight.grad', f32([K, F]));
    const bias = state('bias', f32([K]));
    bias.grad = state('bias.grad', f32([K]));
    const labels = state('labels', u32([N]));
    const alpha = state('alpha', f32([K]));
    const data = [uniform(N * F, 1), uniform(K * F, 2), uniform(K, 3)];
    [x, weight, bias].forEach((value, i) => storage.write(value, Float32Array.from(data[i])));
    storage.write(labels, Uint32Array.of(0, 2, ABSENT, 1));
    storage.write(alpha, Float32Array.of(1, 2, 0.5));

    const tape = new Tape();
    const { y } = tape.apply(linear, { x, weight, bias });
    const { loss } = focalLossOperation(tape, { logits: y, labels, alpha }, { gamma: 2 });
    expect(loss.shape).toEqual([N]);
    tape.backward();
    const plan = await Plan.compile(tape, storage);
    plan.run();

    const logits = Float64Array.from({ length: N * K }, (_, i) => {
      let sum = data[2][i % K];
      for (let f = 0; f < F; f++) {
        sum += data[0][Math.floor(i / K) * F + f] * data[1][(i % K) * F + f];
      }
      return sum;
    });
    const { dlogits } = reference.focalLoss(logits, [0, 2, ABSENT, 1], [1, 2, 0.5], 2);
    const found = await storage.read(bias.grad);
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let n = 0; n < N; n++) sum += dlogits[n * K + k];
      expect(found[k]).toBeCloseTo(sum, 5);
    }
    plan.dispose();
  });
});
