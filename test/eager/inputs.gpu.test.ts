import { describe, expect, it } from 'vitest';
import { adam, crossEntropy, distanceTransform, equalize, equalizeAdapthist, focalLoss, lstm, lstmCell, Tensor } from '../../src/eager'; // prettier-ignore
import { array, expectClose } from '../support/property';
import { testGpu } from '../support/gpu';

const exact = { absolute: 0, relative: 0 };

describe('the axis of the classes', () => {
  const labels = { shape: [2, 5], data: Uint32Array.of(0, 2, 1, 1, 0, 2, 0, 1, 2, 2) };
  const second = array([2, 3, 5], 1);
  const last = {
    shape: [2, 5, 3],
    data: Float32Array.from({ length: 30 }, (_, i) => {
      const [n, d, c] = [Math.floor(i / 15), Math.floor(i / 3) % 5, i % 3];
      return second.data[(n * 3 + c) * 5 + d];
    }),
  };

  it('is found by the labels, and is the same for both losses', async () => {
    const gpu = await testGpu();
    const cross = [
      await crossEntropy(gpu, { x: second, labels }),
      await crossEntropy(gpu, { x: last, labels }),
      await focalLoss(gpu, { logits: second, labels }, { gamma: 0 }),
      await focalLoss(gpu, { logits: last, labels }, { gamma: 0 }),
    ];
    const expected = cross[0].loss.data[0];
    for (const { loss } of cross) expect(loss.data[0]).toBeCloseTo(expected, 5);
  });

  it('gradients lie where the scores do', async () => {
    const gpu = await testGpu();
    const dy = { loss: { shape: [], data: [1] } };
    const a = await focalLoss.backward(gpu, { logits: second, labels }, dy, { gamma: 0 });
    const b = await crossEntropy.backward(gpu, { x: second, labels }, dy);
    expect(a.logits!.shape).toEqual([2, 3, 5]);
    expectClose('dx', a.logits!, b.x!.data, { absolute: 1e-6, relative: 1e-5 });
  });

  it('is refused where two would do, and taken where it is given', async () => {
    const gpu = await testGpu();
    const inputs = { x: array([2, 3, 3], 1), labels: { shape: [2, 3], data: [0, 1, 2, 2, 1, 0] } };
    const { x: logits } = inputs;
    await expect(crossEntropy(gpu, inputs)).rejects.toThrow(/do not say which axis/);
    await expect(focalLoss(gpu, { ...inputs, logits } as never)).rejects.toThrow(/no input x/);
    const focal = { logits, labels: inputs.labels };
    await expect(focalLoss(gpu, focal)).rejects.toThrow(/do not say which axis/);
    for (const axis of [1, 2, -1]) {
      const [a, b] = [
        await crossEntropy(gpu, inputs, { axis }),
        await focalLoss(gpu, focal, { gamma: 0, axis }),
      ];
      expect(a.loss.data[0]).toBeCloseTo(b.loss.data[0], 5);
    }
    await expect(crossEntropy(gpu, inputs, { axis: 0 })).rejects.toThrow(/on axis 0 do not fit/);
  });
});

describe('pictures as they are', () => {
  it('bytes are numbers', async () => {
    const gpu = await testGpu();
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 29) % 256);
    const shape = [1, 8, 8];
    const { y } = await equalize(gpu, { x: { shape, data: bytes } });
    const same = await equalize(gpu, { x: { shape, data: Float32Array.from(bytes) } });
    expectClose('y', y, same.y.data, exact);
    const values = { shape: [1, 2, 3], data: [0, 1, 2, 3, 10, 4] };
    const mask = { shape: [1, 2, 3], data: Uint32Array.of(1, 1, 1, 1, 0, 1) };
    const shares = await equalize(gpu, { x: values, mask }, { bins: 5 });
    expectClose('y', shares.y, [0.2, 0.35, 0.6, 0.85, 1, 1], { absolute: 1e-6, relative: 0 });
    await expect(equalize(gpu, { x: values }, { bins: 5, v: 0.5 })).rejects.toThrow(/go without/);
    const local = { shape: [1, 9, 5], data: Uint8Array.from({ length: 45 }, (_, i) => ((i * i * 13 + i * 7) % 251) + 2) }; // prettier-ignore
    const adapted = await equalizeAdapthist(gpu, { x: local }, { kernelSize: 4, clipLimit: 0.1 });
    const first = { shape: [5], data: adapted.y.data.slice(0, 5) };
    expectClose('y', first, [0, 0.2, 0.33333, 0.71667, 1], { absolute: 3e-4, relative: 0 });
    const tensor = Tensor.from(gpu, { shape, data: new Uint8ClampedArray(bytes) });
    expect([tensor.dtype, [...(await tensor.read())]]).toEqual(['f32', [...bytes]]);
    tensor.dispose();
    const edges = { shape: [1, 1, 3], data: Uint8Array.of(255, 0, 0) };
    expect([...(await distanceTransform(gpu, { edges })).distance.data]).toEqual([0, 1, 2]);
  });

  it('pixels of any height and width', async () => {
    const gpu = await testGpu();
    const edges = { shape: [1, 2, 3], data: Uint8Array.of(1, 0, 0, 0, 0, 0) };
    const { distance } = await distanceTransform(gpu, { edges }, { sampling: [4, 1.5] });
    expectClose('distance', distance, [0, 1.5, 3, 4, Math.hypot(4, 1.5), 5], { absolute: 0, relative: 1e-6 }); // prettier-ignore
    const none = { shape: [1, 1, 1], data: [0] };
    await expect(distanceTransform(gpu, { edges: none }, { sampling: [0, 1] })).rejects.toThrow(
      /height and width of a pixel/,
    );
  });
});

describe('single steps', () => {
  it('lstmCell is lstm over one step, gradients too', async () => {
    const gpu = await testGpu();
    const weights = { weight_ih: array([12, 2], 1), weight_hh: array([12, 3], 2), bias_hh: array([12], 3) }; // prettier-ignore
    const [h, c, x] = [array([4, 3], 4), array([4, 3], 5), array([4, 2], 6)];
    const cell = await lstmCell(gpu, { x, h, c, ...weights });
    const whole = { x: { shape: [1, 4, 2], data: x.data }, h0: h, c0: c, ...weights };
    const layer = await lstm(gpu, whole);
    expectClose('h', cell.h, layer.h_n.data, exact);
    expectClose('c', cell.c, layer.c_n.data, exact);
    const dy = array([4, 3], 7);
    const back = await lstmCell.backward(gpu, { x, h, c, ...weights }, { h: dy });
    const expected = await lstm.backward(gpu, whole, { h_n: dy });
    expectClose('dc', back.c!, expected.c0!.data, exact);
    expectClose('dx', back.x!, expected.x!.data, exact);
  });

  it('adam with beta2 0 goes by the gradient alone; what is no beta or step is refused', async () => {
    const gpu = await testGpu();
    const one = (value: number) => ({ shape: [1], data: [value] });
    const inputs = { parameters: one(0), gradient: one(2), m: one(0), v: one(1e9) };
    const { parameters } = await adam(gpu, inputs, { learningRate: 1, beta1: 0, beta2: 0 });
    expect(parameters.data[0]).toBeCloseTo(-1, 6);
    const beta = adam(gpu, inputs, { learningRate: 1, beta2: 1 });
    await expect(beta).rejects.toThrow(/beta2 must be in \[0, 1\), not 1/);
    await expect(adam(gpu, inputs, { learningRate: 1, step: 0 })).rejects.toThrow(
      /at least 1, not 0/,
    );
  });
});
