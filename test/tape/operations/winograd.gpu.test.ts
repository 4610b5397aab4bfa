import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capabilities, Gpu } from '../../../src/gpu/device';
import { winogradRanges, winogradTile } from '../../../src/kernels/conv_choice';
import { bordered, f32, type TensorSpec } from '../../../src/kernels/kernel';
import * as reference from '../../../src/kernels/reference/conv5x5';
import { convKey, DIRECT, type Tuning } from '../../../src/kernels/tuning';
import { conv5x5, type Conv5x5Attributes } from '../../../src/tape/operations/conv5x5';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { physical, tensor, type TestTensor } from '../../support/kernel';

type Shape = [G: number, N: number, C: number, O: number, H: number, W: number];

let gpu: Gpu;
let storage: Storage;

beforeAll(async () => {
  gpu = await testGpu();
  storage = new Storage(gpu);
});
afterAll(() => storage.dispose());

function tensors([G, N, C, O, H, W]: Shape) {
  return {
    x: tensor([G, N, C, H, W], 1, { layout: bordered(W) }),
    weight: tensor([G, C, 5, 5, O], 2, { scale: 1 / Math.sqrt(25 * C) }),
    dy: tensor([G, N, O, H, W], 3, { layout: bordered(W) }),
  };
}

/** y, dx and dweight of a convolution with its gradients, twice; and what it dispatched. */
async function compute(
  shape: Shape,
  attributes: Conv5x5Attributes = { variant: 'winograd' },
  capabilities: Capabilities = gpu.capabilities,
) {
  const given = tensors(shape);
  const place = (name: string, from: TestTensor) => {
    const value = state(name, { shape: from.shape, dtype: 'f32', layout: from.layout });
    storage.write(value, new Float32Array(physical(from).buffer));
    return value;
  };
  const [x, weight, dy] = (['x', 'weight', 'dy'] as const).map((name) => place(name, given[name]));
  weight.grad = state('dweight', weight.spec);
  const tape = new Tape(capabilities);
  tape.watch(x);
  const { y } = tape.apply(conv5x5, { x, weight }, attributes);
  tape.seed(y, dy);
  tape.backward();
  const dx = tape.gradientOf(x)!;
  const plan = await Plan.compile(tape, storage, { keep: [y, dx] });
  const runs = [];
  for (let i = 0; i < 2; i++) {
    plan.run();
    runs.push({
      y: await plan.read(y),
      dx: await plan.read(dx),
      dweight: await storage.read(weight.grad),
    });
  }
  plan.dispose();
  return { given, runs, names: tape.dispatches.map(({ kernel }) => kernel.name) };
}

function expected({ x, weight, dy }: ReturnType<typeof tensors>, [G, N, C, O, H, W]: Shape) {
  const shape = { G, N, C, O, H, W };
  return {
    y: reference.conv5x5Forward(x.data, weight.data, shape),
    dx: reference.conv5x5BackwardInput(dy.data, weight.data, shape),
    dweight: reference.conv5x5BackwardWeight(x.data, dy.data, shape),
  };
}

/** Root mean square and largest of the errors, in units of the result's root mean square. */
function errors(got: ArrayLike<number>, wanted: Float64Array) {
  let [square, error, largest] = [0, 0, 0];
  wanted.forEach((value, i) => {
    square += value ** 2;
    error += (got[i] - value) ** 2;
    largest = Math.max(largest, Math.abs(got[i] - value));
  });
  return { rms: Math.sqrt(error / square), largest: largest / Math.sqrt(square / wanted.length) };
}

describe('the convolution by Winograd', () => {
  it.each<[string, Shape]>([
    ['layer 2 of the preset small, two images', [2, 2, 16, 32, 24, 24]],
    ['layer 3', [2, 3, 32, 64, 12, 12]],
    ['layer 4, tiles of 3', [2, 5, 64, 96, 6, 6]],
    ['a map that no tile divides', [1, 3, 5, 8, 7, 13]],
    ['a map smaller than a tile', [2, 3, 9, 4, 2, 3]],
  ])('is exact to 1.5e-5, the worst number to 1e-4: %s', async (_, shape) => {
    const { given, runs, names } = await compute(shape);
    const wanted = expected(given, shape);
    for (const key of ['y', 'dx', 'dweight'] as const) {
      const { rms, largest } = errors(runs[0][key], wanted[key]);
      expect(rms, key).toBeLessThan(1.5e-5);
      expect(largest, key).toBeLessThan(1e-4);
      expect(runs[1][key], `${key}, again`).toEqual(runs[0][key]);
    }
    expect(names.filter((name) => !name.startsWith('winograd.'))).toEqual([]);
    expect(names.filter((name) => name.includes('input'))).toHaveLength(3); // x for y and for dweight, dy for dx
  });

  it('in parts is the same as at once', async () => {
    const shape: Shape = [2, 5, 8, 16, 9, 6];
    const limits = { maxStorageBufferBindingSize: 64 * 16 * 24 * 4 * 2 } as GPUSupportedLimits;
    const parts = await compute(shape, undefined, { ...gpu.capabilities, limits });
    const whole = await compute(shape);
    expect(parts.names.filter((name) => name.startsWith('winograd.output'))).toHaveLength(4);
    expect(parts.names).toContain('add.accumulate');
    expect(parts.runs[0].y).toEqual(whole.runs[0].y);
    expect(parts.runs[0].dx).toEqual(whole.runs[0].dx);
    const { rms } = errors(
      parts.runs[0].dweight,
      Float64Array.from(whole.runs[0].dweight as Float32Array),
    );
    expect(rms).toBeLessThan(1e-5); // summed in another order
  });

  it('refuses output channels that are not whole vec4s only where they are columns', () => {
    const tape = new Tape(gpu.capabilities);
    const x = state('x', f32([1, 1, 4, 8, 8], bordered(8)));
    const weight = state('weight', f32([1, 4, 5, 5, 6]));
    weight.grad = state('dweight', weight.spec);
    const { y } = tape.apply(conv5x5, { x, weight }, { variant: 'winograd' });
    tape.seed(y, state('dy', f32([1, 1, 6, 8, 8], bordered(8))));
    expect(() => tape.backward()).toThrow(/multiple of 4/);
  });
});

describe('the choice of a tile and of parts', () => {
  const images = (N: number, C: number, W: number): TensorSpec => f32([2, N, C, W, W], bordered(W));

  it('takes the tile with fewer multiplications', () => {
    expect(winogradTile([1, 1, 1, 6, 6])).toBe(3);
    expect(winogradTile([1, 1, 1, 3, 3])).toBe(3);
    expect(winogradTile([1, 1, 1, 12, 12])).toBe(4);
    expect(winogradTile([1, 1, 1, 48, 48])).toBe(4);
    expect(winogradTile([1, 1, 1, 4, 4])).toBe(4);
  });

  it('cuts a batch where a transform is larger than a binding', () => {
    const ranges = (N: number) => winogradRanges(undefined, 4, images(N, 32, 48), 64);
    expect(ranges(8)).toEqual([{ first: 0, count: 8 }]);
    expect(ranges(64)).toEqual([0, 16, 32, 48].map((first) => ({ first, count: 16 })));
    expect(ranges(51).map(({ count }) => count)).toEqual([26, 25]);
    expect(() => winogradRanges(undefined, 4, images(1, 4096, 200), 4096)).toThrow(/takes/);
  });

  it('a table can name it and its tile, and `direct` puts that out of force', () => {
    const record = (tuning: Tuning) => {
      const tape = new Tape(gpu.capabilities, tuning);
      const weight = state('weight', f32([2, 16, 5, 5, 32]));
      tape.apply(conv5x5, { x: state('x', images(2, 16, 12)), weight });
      return tape.dispatches.map(({ kernel }) => kernel.name);
    };
    const key = convKey('forward', images(2, 16, 12), 32);
    const table: Tuning['conv5x5'] = { [key]: { variant: 'winograd', tile: 3 } };
    expect(record({ adapter: 'some', conv5x5: table })).toContain('winograd.output_f3');
    expect(record({ ...DIRECT, conv5x5: table })).toEqual(record(DIRECT));
    expect(record(DIRECT)).toEqual([expect.stringMatching(/^conv5x5\.forward/)]);
  });
});
