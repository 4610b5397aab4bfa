import { expect, it } from 'vitest';
import { dropout, Tensor } from '../../src/eager';
import { testGpu } from '../support/gpu';

const x = { shape: [40, 50], data: new Float32Array(2000).fill(3) };

it('dropout: the rest is larger by 1 / (1 - rate), and the gradient has the same mask', async () => {
  const gpu = await testGpu();
  const attributes = { rate: 0.25, seed: 5 };
  const { y } = await dropout(gpu, { x }, attributes);
  expect([...new Set(y.data)].sort()).toEqual([0, 4]);
  // 2,000 draws: 500 zeros, deviation 19.
  const zeros = y.data.filter((v) => v === 0).length;
  expect(Math.abs(zeros - 500)).toBeLessThan(100);
  const gradients = await dropout.backward(gpu, { x }, { y: x }, attributes);
  expect(gradients.x.data).toEqual(y.data);
  const other = await dropout(gpu, { x }, { ...attributes, step: 2 });
  expect(other.y.data).not.toEqual(y.data);
});

it('dropout of nothing, of a tensor, and of everything', async () => {
  const gpu = await testGpu();
  expect((await dropout(gpu, { x }, { rate: 0 })).y.data).toEqual(x.data);
  const given = Tensor.from(gpu, x);
  const { y } = await dropout(gpu, { x: given });
  expect(new Set(await y.read())).toEqual(new Set([0, 6]));
  given.dispose();
  y.dispose();
  await expect(dropout(gpu, { x }, { rate: 1 })).rejects.toThrow(/rate must be in \[0, 1\), got 1/);
});
