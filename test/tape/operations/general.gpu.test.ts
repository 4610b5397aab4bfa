import { afterAll, beforeAll, expect, it } from 'vitest';
import { batchNorm as eagerBatchNorm, mul as eagerMul } from '../../../src/eager';
import type { Gpu } from '../../../src/gpu/device';
import { f32, size } from '../../../src/kernels/kernel';
import { mul } from '../../../src/tape/operations/elementwise';
import { batchNorm } from '../../../src/tape/operations/normalization';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state, type Value } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { array, expectClose } from '../../support/property';

let gpu: Gpu;
let storage: Storage;

beforeAll(async () => {
  gpu = await testGpu();
  storage = new Storage(gpu);
});

afterAll(() => storage.dispose());

const tolerance = { absolute: 1e-5, relative: 1e-5 };

function filled(name: string, { shape, data }: ReturnType<typeof array>): Value {
  const value = state(name, f32(shape));
  storage.write(value, data);
  return value;
}

function parameter(name: string, from: ReturnType<typeof array>): Value {
  const value = filled(name, from);
  value.grad = state(`d${name}`, f32(from.shape));
  storage.write(value.grad, new Float32Array(size(from.shape)).fill(NaN));
  return value;
}

/** Operations made of others see parameters through reshapes and sums: their gradients are copied to their places. */
it('gradients of parameters behind other operations land in their places', async () => {
  const [x, dy] = [array([3, 4, 2, 2], 1), array([3, 4, 2, 2], 2)];
  const [weight, bias, scale] = [array([4], 3), array([4], 4), array([4, 1, 1], 5)];
  const values = {
    x: filled('x', x),
    weight: parameter('weight', weight),
    bias: parameter('bias', bias),
  };
  const factor = parameter('scale', scale);
  const tape = new Tape();
  const normal = tape.apply(batchNorm, values, { training: true }).y;
  tape.seed(tape.apply(mul, { a: normal, b: factor }).y, filled('dy', dy));
  tape.backward();
  const plan = await Plan.compile(tape, storage);
  plan.run();
  const found = (value: Value) => storage.read(value.grad!).then((data) => ({ data }));

  const { y } = await eagerBatchNorm(gpu, { x, weight, bias }, { training: true });
  const products = await eagerMul.backward(gpu, { a: y, b: scale }, { y: dy });
  expectClose('dscale', await found(factor), products.b!.data, tolerance);
  const inner = await eagerBatchNorm.backward(
    gpu,
    { x, weight, bias },
    { y: products.a! },
    { training: true },
  );
  expectClose('dweight', await found(values.weight), inner.weight!.data, tolerance);
  expectClose('dbias', await found(values.bias), inner.bias!.data, tolerance);
  expect(inner.weight!.data.some((v) => v !== 0)).toBe(true);
  plan.dispose();
});
