import { describe, expect, it } from 'vitest';
import * as eager from '../../src/eager';
import { array } from '../support/property';
import { testGpu } from '../support/gpu';

const none = (...shape: number[]) => ({ shape, data: [] });
const recurrent = (gates: number) => ({
  x: none(3, 0, 2),
  weight_ih: array([gates * 4, 2], 1),
  weight_hh: array([gates * 4, 4], 2),
  bias_ih: array([gates * 4], 3),
});

describe('a batch of none gives an empty result, as in PyTorch', () => {
  it('linear, and gradients of 0 for its weights', async () => {
    const gpu = await testGpu();
    const inputs = { x: none(0, 3), weight: array([2, 3], 1), bias: array([2], 2) };
    expect((await eager.linear(gpu, inputs)).y.shape).toEqual([0, 2]);
    const { x, weight, bias } = await eager.linear.backward(gpu, inputs, { y: none(0, 2) });
    expect(x!.shape).toEqual([0, 3]);
    expect([...weight!.data, ...bias!.data]).toEqual(new Array(8).fill(0));
  });

  it('lstm', async () => {
    const gpu = await testGpu();
    const { hs, h_n, c_n } = await eager.lstm(gpu, recurrent(4));
    expect([hs.shape, h_n.shape, c_n.shape]).toEqual([[3, 0, 4], [0, 4], [0, 4]]); // prettier-ignore
    const { weight_hh } = await eager.lstm.backward(gpu, recurrent(4), { hs: none(3, 0, 4) });
    expect([...weight_hh!.data]).toEqual(new Array(64).fill(0));
  });

  it('gru', async () => {
    const gpu = await testGpu();
    const { hs, h_n } = await eager.gru(gpu, recurrent(3));
    expect([hs.shape, h_n.shape]).toEqual([[3, 0, 4], [0, 4]]); // prettier-ignore
    const { weight_hh } = await eager.gru.backward(gpu, recurrent(3), { hs: none(3, 0, 4) });
    expect([...weight_hh!.data]).toEqual(new Array(48).fill(0));
  });

  it.each(['relu', 'softmax', 'logSoftmax', 'normalize', 'sigmoid'] as const)(
    '%s',
    async (name) => {
      const gpu = await testGpu();
      expect((await eager[name](gpu, { x: none(0, 5) })).y.shape).toEqual([0, 5]);
    },
  );

  it('convolution and pool', async () => {
    const gpu = await testGpu();
    const { y } = await eager.conv2d(gpu, { x: none(0, 1, 5, 5), weight: array([2, 1, 3, 3], 1) });
    expect(y.shape).toEqual([0, 2, 3, 3]);
    const pooled = await eager.maxPool2d(gpu, { x: none(0, 2, 4, 4) }, { kernel: 2 });
    expect(pooled.y.shape).toEqual([0, 2, 2, 2]);
  });

  it('losses: the mean of nothing is NaN, the sum 0', async () => {
    const gpu = await testGpu();
    const scores = { x: none(0, 3), labels: none(0) };
    expect((await eager.crossEntropy(gpu, scores)).loss.data[0]).toBeNaN();
    const focal = { logits: none(0, 3), labels: none(0) };
    expect((await eager.focalLoss(gpu, focal, { reduction: 'sum' })).loss.data[0]).toBe(0);
  });

  it('pictures', async () => {
    const gpu = await testGpu();
    expect((await eager.equalize(gpu, { x: none(0, 4, 4) })).y.shape).toEqual([0, 4, 4]);
    const { distance } = await eager.distanceTransform(gpu, { edges: none(0, 4, 4) });
    expect(distance.shape).toEqual([0, 4, 4]);
  });
});
