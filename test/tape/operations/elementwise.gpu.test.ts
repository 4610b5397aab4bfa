import { expect, it } from 'vitest';
import { f32 } from '../../../src/kernels/kernel';
import { add } from '../../../src/tape/operations/add';
import { relu } from '../../../src/tape/operations/relu';
import { reshape } from '../../../src/tape/operations/reshape';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';

it('takes the gradient through relu, add and reshape', async () => {
  const storage = new Storage(await testGpu());
  const x = state('x', f32([2, 3]));
  x.grad = state('dx', x.spec);
  storage.write(x, Float32Array.of(1, -2, 3, -4, 5, -6));

  // y = relu(reshape(h)) + reshape(h), h = relu(x): both sums have two users.
  const tape = new Tape();
  const h = tape.apply(relu, { x }).y;
  const a = tape.apply(reshape, { x: h }, { shape: [3, 2] }).y;
  const { y } = tape.apply(add, { a: tape.apply(relu, { x: a }).y, b: a });
  expect(y.shape).toEqual([3, 2]);
  const dy = state('dy', y.spec);
  storage.write(dy, Float32Array.of(1, 10, 100, 1000, 10000, 100000));
  tape.seed(y, dy);
  tape.backward();

  const plan = await Plan.compile(tape, storage, { keep: [y] });
  plan.run();
  expect([...(await plan.read(y))]).toEqual([2, 0, 6, 0, 10, 0]);
  expect([...(await storage.read(x.grad))]).toEqual([2, 0, 200, 0, 20000, 0]);
  plan.dispose();
  storage.dispose();
});

it('refuses to see a bordered tensor in another shape', () => {
  const x = state('x', f32([1, 2, 2], { border: 2, rowStride: 8 }));
  expect(() => new Tape().apply(reshape, { x }, { shape: [4] })).toThrow(/cannot be reshaped/);
});
