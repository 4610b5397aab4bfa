/**
 * Where libraries differ, or used to here: small cases whose numbers were worked out by hand, after PyTorch's
 * rules, and ONNX's where PyTorch has none.
 */
import { describe, expect, it } from 'vitest';
import * as facegrad from '../../src/index';
import { testGpu } from '../support/gpu';

const f32 = (shape: number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });
const close = (actual: { data: ArrayLike<number> } | undefined, ...expected: number[]) => {
  expect(actual?.data.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual!.data[i]).toBeCloseTo(value, 5));
};

describe('gradients where elements are equal', () => {
  it('of max and min go to all of them in equal shares', async () => {
    const gpu = await testGpu();
    const x = f32([2, 3], 5, 1, 5, 2, 5, -1);
    const whole = await facegrad.max.backward(gpu, { x }, { y: f32([], 6) });
    close(whole.x, 2, 0, 2, 0, 2, 0); // three fives, over both rows
    const rows = await facegrad.max.backward(gpu, { x }, { y: f32([2], 6, 4) }, { axes: 1 });
    close(rows.x, 3, 0, 3, 0, 4, 0);
    const least = await facegrad.min.backward(gpu, { x }, { y: f32([3], 1, 2, 3) }, { axes: [0] });
    close(least.x, 0, 2, 0, 1, 0, 3);
  });

  it('of maximum are halves; of a pool the first one’s', async () => {
    const gpu = await testGpu();
    const gradients = await facegrad.maximum.backward(
      gpu,
      { a: f32([2], 1, 2), b: f32([2], 1, 3) },
      { y: f32([2], 4, 4) },
    );
    close(gradients.a, 2, 0);
    close(gradients.b, 2, 4);
    const x = f32([1, 1, 2, 2], 7, 7, 7, 7);
    const pooled = await facegrad.maxPool2d.backward(
      gpu,
      { x },
      { y: f32([1, 1, 1, 1], 1) },
      { kernel: 2 },
    );
    close(pooled.x, 1, 0, 0, 0);
  });

  it('of powers at 0 are 0, not NaN', async () => {
    const gpu = await testGpu();
    const inputs = { a: f32([3], 0, 0, 2), b: f32([3], 0, 2, 3) };
    const gradients = await facegrad.pow.backward(gpu, inputs, { y: f32([3], 1, 1, 1) });
    close(gradients.a, 0, 0, 12);
    close(gradients.b, 0, 0, 8 * Math.LN2);
  });
});

describe('losses', () => {
  it('a mean of nothing is NaN and its gradient 0', async () => {
    const gpu = await testGpu();
    const inputs = {
      x: f32([2, 2], 1, 2, 3, 4),
      labels: { shape: [2], data: Int32Array.of(-100, -100) },
    };
    const { loss } = await facegrad.crossEntropy(gpu, inputs, {});
    expect(loss.data[0]).toBeNaN();
    const { x } = await facegrad.crossEntropy.backward(gpu, inputs, { loss: f32([], 1) }, {});
    close(x, 0, 0, 0, 0);
  });

  it('a mean is over the weights of what counts', async () => {
    const gpu = await testGpu();
    // -(3 * -1 + 1 * -4) / (3 + 1), as the second sample is ignored
    const x = f32([3, 2], -1, -2, -9, -9, -3, -4);
    const labels = { shape: [3], data: Int32Array.of(0, 7, 1) };
    const inputs = { x, labels, weight: f32([2], 3, 1) };
    const { loss } = await facegrad.nllLoss(gpu, inputs, { ignoreIndex: 7 });
    close(loss, 1.75);
  });
});

describe('optimizers', () => {
  it('SGD damps nothing without momentum, nor in the first step', async () => {
    const gpu = await testGpu();
    const given = { parameters: f32([1], 1), gradient: f32([1], 2) };
    const plain = { learningRate: 0.1, dampening: 0.5, step: 2 };
    close((await facegrad.sgd(gpu, given, plain)).parameters, 0.8);
    const first = await facegrad.sgd(gpu, given, { ...plain, momentum: 0.9, step: 1 });
    close(first.velocity, 2);
    const second = await facegrad.sgd(
      gpu,
      { ...given, velocity: first.velocity },
      { ...plain, momentum: 0.9 },
    );
    close(second.velocity, 0.9 * 2 + 0.5 * 2);
  });
});

it('functions at their ends', async () => {
  const gpu = await testGpu();
  const at = async (operation: typeof facegrad.exp, ...x: number[]) => [
    ...(await operation(gpu, { x: f32([x.length], ...x) })).y.data,
  ];
  expect(await at(facegrad.log, 0, -1)).toEqual([-Infinity, NaN]);
  expect(await at(facegrad.exp, 200, -200)).toEqual([Infinity, 0]);
  expect(await at(facegrad.sqrt, 0, -1)).toEqual([0, NaN]);
  expect(await at(facegrad.reciprocal, 0)).toEqual([Infinity]);
  expect(await at(facegrad.sigmoid, 1000, -1000)).toEqual([1, 0]);
  expect(await at(facegrad.tanh, 1000, -1000)).toEqual([1, -1]);
  expect(await at(facegrad.softplus, 1000, -1000)).toEqual([1000, 0]);
});

describe('axes and shapes', () => {
  it('count from the end', async () => {
    const gpu = await testGpu();
    close((await facegrad.normalize(gpu, { x: f32([1, 2], 3, 4) }, { axis: -1 })).y, 0.6, 0.8);
    const x = f32([2, 1, 2], 1, 2, 3, 4);
    const inputs = { x, running_mean: f32([2], 1, 2), running_var: f32([2], 1, 4) };
    close((await facegrad.batchNorm(gpu, inputs, { axis: -1, eps: 0 })).y, 0, 0, 2, 1);
  });

  it('of nothing: sums are 0, products 1, extremes infinite', async () => {
    const gpu = await testGpu();
    const x = f32([2, 0]);
    expect([...(await facegrad.sum(gpu, { x }, { axes: 1 })).y.data]).toEqual([0, 0]);
    expect([...(await facegrad.prod(gpu, { x }, { axes: 1 })).y.data]).toEqual([1, 1]);
    expect([...(await facegrad.max(gpu, { x }, { axes: 1 })).y.data]).toEqual([
      -Infinity,
      -Infinity,
    ]);
    const { y } = await facegrad.min(gpu, { x }, { axes: [1], keepDims: true });
    expect(y.shape).toEqual([2, 1]);
    expect([...y.data]).toEqual([Infinity, Infinity]);
    expect([...(await facegrad.logSumExp(gpu, { x }, { axes: 1 })).y.data]).toEqual([
      -Infinity,
      -Infinity,
    ]);
    await expect(facegrad.argmax(gpu, { x }, { axis: 1 })).rejects.toThrow(
      /argmax of an empty axis/,
    );
  });

  it('no axis is no reduction', async () => {
    const gpu = await testGpu();
    close((await facegrad.sum(gpu, { x: f32([2], 3, -4) }, { axes: [] })).y, 3, -4);
    close((await facegrad.sumSquare(gpu, { x: f32([2], 3, -4) }, { axes: [] })).y, 9, 16);
  });
});

it('batch norm moves the running variance to that by M - 1, or by M', async () => {
  const gpu = await testGpu();
  // Mean 2, squared differences 1 + 1 + 4 + 4 = 10: variance 2.5 by 4, 10 / 3 by 3.
  const x = f32([4, 1], 1, 3, 4, 0);
  const inputs = { x, running_mean: f32([1], 0), running_var: f32([1], 1) };
  const usual = await facegrad.batchNorm(gpu, inputs, { training: true, momentum: 0.25 });
  close(usual.running_mean, 0.5);
  close(usual.running_var, 0.75 + 10 / 12);
  close(usual.mean, 2);
  const whole = { training: true, momentum: 0.25, unbiased: false };
  const other = await facegrad.batchNorm(gpu, inputs, whole);
  close(other.running_mean, 0.5);
  close(other.running_var, 0.75 + 2.5 / 4);
  expect(other.y.data).toEqual(usual.y.data);
});

it('a recurrent step by hand: clip, peephole, other functions', async () => {
  const gpu = await testGpu();
  // One unit. i = f = relu(clip(2)) = 1 with clip 1; g = relu(0.5); c = 1 * 3 + 1 * 0.5 = 3.5;
  // o = relu(clip(-5 + 2 * 3.5)) = 1, the peephole seeing the new cell; h = relu(3.5), not clipped.
  const { h_n, c_n } = await facegrad.lstm(
    gpu,
    {
      x: f32([1, 1, 1], 1),
      weight_ih: f32([4, 1], 2, 2, 0.5, -5),
      weight_hh: f32([4, 1], 0, 0, 0, 0),
      h0: f32([1, 1], 0),
      c0: f32([1, 1], 3),
      peephole: f32([3], 0, 0, 2),
    },
    { clip: 1, activations: ['relu', 'relu', 'relu'] },
  );
  close(c_n, 3.5);
  close(h_n, 3.5);
});
