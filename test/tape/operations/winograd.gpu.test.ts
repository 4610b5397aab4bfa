import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capabilities, Gpu } from '../../../src/gpu/device';
import { winogradRanges, winogradTile } from '../../../src/kernels/conv_choice';
import { bordered, f32, type TensorSpec } from '../../../src/kernels/kernel';
import * as reference from '../../../src/kernels/reference/conv';
import { convKey, DIRECT, type Tuning } from '../../../src/kernels/tuning';
import { WINOGRAD } from '../../../src/kernels/winograd';
import { conv, type ConvAttributes } from '../../../src/tape/operations/conv';
import { conv5x5 } from '../../../src/tape/operations/conv5x5';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state, type Value } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { physical, tensor, type TestTensor } from '../../support/kernel';

/** `taps` 5: what `conv5x5` has; 3: `conv` with so many zeros around the map. */
interface Layer {
  shape: [G: number, N: number, C: number, O: number, H: number, W: number];
  taps: 3 | 5;
  padding: number;
}

const by5: (...shape: Layer['shape']) => Layer = (...shape) => ({ shape, taps: 5, padding: 2 });
const by3 = (padding: number, ...shape: Layer['shape']): Layer => ({ shape, taps: 3, padding });

let gpu: Gpu;
let storage: Storage;

beforeAll(async () => {
  gpu = await testGpu();
  storage = new Storage(gpu);
});
afterAll(() => storage.dispose());

function tensors({ shape: [G, N, C, O, H, W], taps, padding }: Layer) {
  const [rows, columns] = [H, W].map((extent) => extent + 2 * padding - taps + 1);
  const layout = taps === 5 ? bordered(W) : undefined;
  return {
    x: tensor([G, N, C, H, W], 1, { layout }),
    weight: tensor([G, C, taps, taps, O], 2, { scale: 1 / Math.sqrt(taps ** 2 * C) }),
    dy: tensor([G, N, O, rows, columns], 3, { layout }),
  };
}

/** y, dx and dweight of a convolution with its gradients, twice; and what it dispatched. */
async function compute(layer: Layer, capabilities: Capabilities = gpu.capabilities) {
  const given = tensors(layer);
  const place = (name: string, from: TestTensor) => {
    const value = state(name, { shape: from.shape, dtype: 'f32', layout: from.layout });
    storage.write(value, new Float32Array(physical(from).buffer));
    return value;
  };
  const [x, weight, dy] = (['x', 'weight', 'dy'] as const).map((name) => place(name, given[name]));
  weight.grad = state('dweight', weight.spec);
  const tape = new Tape(capabilities);
  tape.watch(x);
  const { padding } = layer;
  const { y } =
    layer.taps === 5
      ? tape.apply(conv5x5, { x, weight }, { variant: 'winograd' })
      : tape.apply(conv, { x, weight }, { padding, variant: 'winograd' });
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

function expected({ x, weight, dy }: ReturnType<typeof tensors>, { taps, padding }: Layer) {
  const window = { taps, stride: 1, before: [padding, padding] as const };
  return {
    y: reference.convForward(x.data, x.shape, weight.data, undefined, dy.shape, window),
    dx: reference.convBackwardInput(dy.data, dy.shape, weight.data, x.shape, window),
    dweight: reference.convBackwardWeight(x.data, x.shape, dy.data, dy.shape, window),
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
  it.each<[string, Layer]>([
    ['layer 2 of the preset small, two images', by5(2, 2, 16, 32, 24, 24)],
    ['layer 3', by5(2, 3, 32, 64, 12, 12)],
    ['layer 4, tiles of 3', by5(2, 5, 64, 96, 6, 6)],
    ['a map that no tile divides', by5(1, 3, 5, 8, 7, 13)],
    ['a map smaller than a tile', by5(2, 3, 9, 4, 2, 3)],
    ['3x3, a layer of VGG', by3(1, 1, 1, 32, 48, 24, 24)],
    ['3x3 on a small map', by3(1, 1, 3, 64, 96, 6, 6)],
    ['3x3 on a map that no tile divides', by3(1, 2, 3, 5, 8, 7, 13)],
    ['3x3 on a map smaller than a tile', by3(1, 2, 3, 9, 4, 2, 3)],
    ['3x3 without zeros around', by3(0, 1, 3, 8, 12, 9, 11)],
    ['3x3 with more zeros than a window sees', by3(2, 1, 3, 8, 12, 9, 11)],
  ])('is exact to 1.5e-5, the worst number to 1e-4: %s', async (_, layer) => {
    const { given, runs, names } = await compute(layer);
    const wanted = expected(given, layer);
    for (const key of ['y', 'dx', 'dweight'] as const) {
      const { rms, largest } = errors(runs[0][key], wanted[key]);
      expect(rms, key).toBeLessThan(1.5e-5);
      expect(largest, key).toBeLessThan(1e-4);
      expect(runs[1][key], `${key}, again`).toEqual(runs[0][key]);
    }
    // What conv reads is copied into frames, where it does not lie so.
    const [frames, others] = [
      names.filter((name) => name === 'conv.frame'),
      names.filter((name) => !name.startsWith('winograd.') && name !== 'conv.frame'),
    ];
    expect(others).toEqual([]);
    expect(frames.length).toBeLessThanOrEqual(layer.taps === 5 ? 0 : 3);
    expect(names.filter((name) => name.includes('input'))).toHaveLength(3); // x for y and for dweight, dy for dx
  });

  it('in parts is the same as at once', async () => {
    const limits = { maxStorageBufferBindingSize: 64 * 16 * 24 * 4 * 2 } as GPUSupportedLimits;
    const layer = by5(2, 5, 8, 16, 9, 6);
    const parts = await compute(layer, { ...gpu.capabilities, limits });
    const whole = await compute(layer);
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

  it('3x3 with a bias or at stride 2 is direct', () => {
    const record = (attributes: ConvAttributes, bias?: Value) => {
      const tape = new Tape(gpu.capabilities);
      const x = state('x', f32([1, 16, 64, 24, 24]));
      tape.apply(conv, { x, weight: state('weight', f32([1, 64, 3, 3, 64])), bias }, attributes);
      return tape.dispatches.map(({ kernel }) => kernel.name);
    };
    const winograd = expect.stringMatching(/^winograd/) as unknown;
    expect(record({ padding: 1, variant: 'winograd' })).toContainEqual(winograd);
    for (const names of [
      record({ padding: 1, variant: 'winograd' }, state('bias', f32([1, 64]))),
      record({ padding: 1, stride: 2, variant: 'winograd' }),
      record({ padding: 1, variant: 'direct' }),
    ]) {
      expect(names).not.toContainEqual(winograd);
    }
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
    const ranges = (N: number, C = 32, W = 48, most = 64) =>
      winogradRanges(undefined, WINOGRAD[4], f32([2, N, C, W + 4, W + 4]), [W, W], most);
    expect(ranges(8)).toEqual([{ first: 0, count: 8 }]);
    expect(ranges(64)).toEqual([0, 16, 32, 48].map((first) => ({ first, count: 16 })));
    expect(ranges(51).map(({ count }) => count)).toEqual([26, 25]);
    expect(() => ranges(1, 4096, 200, 4096)).toThrow(/takes/);
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
    expect(record({ adapter: 'some', conv5x5: table })).toContain('winograd.output_f35');
    expect(record({ ...DIRECT, conv5x5: table })).toEqual(record(DIRECT));
    expect(record(DIRECT)).toEqual([expect.stringMatching(/^conv5x5\.forward/)]);
  });
});
