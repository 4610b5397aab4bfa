import { afterAll, describe, expect, it } from 'vitest';
import type { Capabilities } from '../../../src/gpu/device';
import { bordered, f32, type Layout, type TensorSpec } from '../../../src/kernels/kernel';
import * as reference from '../../../src/kernels/reference/conv';
import { DIRECT, PLAIN, type Tuning } from '../../../src/kernels/tuning';
import { windowOf, windowsIn, type Padding } from '../../../src/kernels/window';
import { conv } from '../../../src/tape/operations/conv';
import { convGradientLayout, convWindow, isTuned } from '../../../src/tape/operations/conv_window';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { physical, tensor } from '../../support/kernel';

interface Case {
  name: string;
  /** G, N, C, H, W. */
  x: [number, number, number, number, number];
  /** Output channels; left out, depthwise. */
  out?: number;
  taps: number;
  stride?: 1 | 2;
  padding?: Padding;
  /** Physical layouts of x, y and dy. */
  layouts?: { x?: Layout; y?: Layout; dy?: Layout };
}

const cases: Case[] = [
  { name: 'one pixel', x: [1, 1, 1, 1, 1], out: 1, taps: 1 },
  { name: '1x1, odd map', x: [2, 3, 5, 5, 7], out: 6, taps: 1 },
  { name: '1x1, whole vec4s', x: [1, 2, 9, 4, 6], out: 12, taps: 1 },
  { name: '1x1, stride 2', x: [1, 2, 7, 7, 6], out: 8, taps: 1, stride: 2 },
  { name: '1x1, padding', x: [1, 1, 3, 4, 4], out: 4, taps: 1, padding: 1 },
  {
    name: '1x1, borders',
    x: [1, 2, 8, 6, 6],
    out: 8,
    taps: 1,
    layouts: { x: bordered(6, 1), dy: bordered(6, 2) },
  },
  { name: '3x3, one pixel', x: [1, 1, 1, 1, 1], out: 1, taps: 3, padding: 1 },
  { name: '3x3', x: [2, 2, 3, 7, 5], out: 8, taps: 3, padding: 1 },
  { name: '3x3, no padding', x: [1, 2, 4, 9, 9], out: 12, taps: 3 },
  { name: '3x3, padding past the window', x: [1, 1, 2, 3, 4], out: 4, taps: 3, padding: 4 },
  { name: '3x3, cropped', x: [1, 2, 3, 9, 9], out: 5, taps: 3, padding: [-1, -2, 1, 0] },
  {
    name: '3x3, borders as they are read',
    x: [2, 3, 5, 6, 6],
    out: 10,
    taps: 3,
    padding: 1,
    layouts: { x: bordered(6, 1), y: bordered(6, 1), dy: bordered(6, 1) },
  },
  {
    name: '3x3, other borders',
    x: [1, 2, 4, 5, 8],
    out: 8,
    taps: 3,
    padding: 1,
    layouts: { x: bordered(8, 2), y: bordered(8, 3), dy: { border: 3, rowStride: 15 } },
  },
  { name: '3x3, stride 2', x: [2, 2, 3, 7, 8], out: 4, taps: 3, stride: 2, padding: 1 },
  { name: '3x3, stride 2, same', x: [1, 2, 4, 8, 10], out: 8, taps: 3, stride: 2, padding: 'same' },
  { name: '3x3, stride 2, none', x: [1, 1, 2, 9, 8], out: 3, taps: 3, stride: 2 },
  { name: '3x3, more than a block', x: [1, 5, 17, 9, 11], out: 20, taps: 3, padding: 1 },
  {
    name: '5x5',
    x: [1, 2, 3, 8, 8],
    out: 8,
    taps: 5,
    padding: 2,
    layouts: { x: bordered(8), dy: bordered(8) },
  },
  { name: '5x5, odd sizes', x: [2, 1, 2, 7, 6], out: 3, taps: 5, padding: 1 },
  { name: '5x5, stride 2', x: [1, 2, 3, 9, 7], out: 4, taps: 5, stride: 2, padding: 2 },
  { name: '5x5, stride 2, odd', x: [1, 2, 3, 8, 8], out: 4, taps: 5, stride: 2, padding: 1 },
  { name: 'depthwise', x: [2, 2, 5, 7, 6], taps: 3, padding: 1 },
  {
    name: 'depthwise, borders',
    x: [1, 3, 4, 9, 8],
    taps: 3,
    padding: 1,
    layouts: { x: bordered(8, 1), y: bordered(8, 1), dy: bordered(8, 1) },
  },
  { name: 'depthwise, no padding', x: [1, 1, 3, 5, 5], taps: 3 },
  { name: 'depthwise, stride 2', x: [2, 2, 3, 7, 9], taps: 3, stride: 2, padding: 1 },
  { name: 'depthwise, stride 2, same', x: [1, 2, 70, 6, 6], taps: 3, stride: 2, padding: 'same' },
  { name: 'depthwise, stride 2, none', x: [1, 2, 3, 8, 7], taps: 3, stride: 2 },
];

const storages: Storage[] = [];
afterAll(() => storages.forEach((storage) => storage.dispose()));

/** The operation and its gradient, by the kernels that a tape takes; and what they should give. */
async function run(test: Case, bias: boolean, capabilities?: Capabilities, tuning?: Tuning) {
  const { x: shape, out, taps, stride = 1, padding = 0, layouts = {} } = test;
  const [G, N, C, H, W] = shape;
  const window = windowOf('conv', [taps, taps], [H, W], { stride, padding });
  const outputs = out ?? C;
  const yShape = [G, N, outputs, ...windowsIn('conv', [H, W], window)];
  const storage = new Storage(await testGpu());
  storages.push(storage);
  const data: Record<string, ArrayLike<number>> = {};
  const make = (name: string, spec: TensorSpec, seed: number) => {
    const value = state(name, spec);
    const made = tensor(spec.shape, seed, { layout: spec.layout });
    data[name] = made.data;
    storage.write(value, physical(made));
    return value;
  };
  const inputs = {
    x: make('x', f32(shape, layouts.x), 1),
    weight: make('weight', f32(out ? [G, C, taps, taps, out] : [G, C, 1, taps, taps]), 2),
    bias: bias ? make('bias', f32([G, outputs]), 3) : undefined,
  };
  const tape = new Tape(capabilities, tuning);
  for (const value of [inputs.weight, inputs.bias]) {
    if (value) value.grad = state(`d${value.name}`, value.spec);
  }
  tape.watch(inputs.x);
  const groups = out === undefined ? C : 1;
  const { y } = tape.apply(conv, inputs, { stride, padding, groups, layout: layouts.y });
  tape.seed(y, make('dy', f32(yShape, layouts.dy), 4));
  tape.backward();
  const dx = tape.gradientOf(inputs.x)!;
  const plan = await Plan.compile(tape, storage, { keep: [y, dx] });
  plan.run();
  const actual: Record<string, ArrayLike<number>> = {
    y: await plan.read(y),
    x: await plan.read(dx),
    weight: await storage.read(inputs.weight.grad!),
    ...(inputs.bias && { bias: await storage.read(inputs.bias.grad!) }),
  };
  plan.dispose();
  expect(y.spec.layout).toEqual(layouts.y);
  const convolution = { taps, stride, before: window.before, depthwise: out === undefined };
  const made = reference.convForward(data.x, shape, data.weight, data.bias, yShape, convolution);
  const expected: Record<string, ArrayLike<number>> = {
    y: Float32Array.from(new Float32Array(physical({ ...y.spec, data: made }).buffer)),
    x: reference.convBackwardInput(data.dy, yShape, data.weight, shape, convolution),
    weight: reference.convBackwardWeight(data.x, shape, data.dy, yShape, convolution),
    ...(bias && { bias: reference.convBackwardBias(data.dy, yShape) }),
  };
  return { actual, expected, names: tape.dispatches.map(({ kernel }) => kernel.name) };
}

function expectClose(
  actual: Record<string, ArrayLike<number>>,
  expected: Record<string, ArrayLike<number>>,
) {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name].length, name).toBe(values.length);
    for (let i = 0; i < values.length; i++) {
      // Sums of at most 500 products of numbers up to 1: 6e-8 * sqrt(500) * a few.
      const error = Math.abs(actual[name][i] - values[i]);
      expect(error, `${name}[${i}]: ${actual[name][i]}, ${values[i]}`).toBeLessThan(2e-5);
    }
  }
}

const { capabilities } = await testGpu();
const { subgroupMinSize } = capabilities;
const kinds: [string, Capabilities | undefined, Tuning | undefined][] = [
  ['plain', undefined, PLAIN],
  ['tiled', undefined, undefined],
  // Without Winograd, which winograd.gpu.test.ts is for.
  ...(subgroupMinSize >= 4 ? [['subgroups', capabilities, DIRECT] as (typeof kinds)[number]] : []),
];

describe.each(kinds)('conv, %s', (kind, given, tuning) => {
  it.each(cases)('$name', async (test) => {
    const bias = cases.indexOf(test) % 2 === 0;
    const { actual, expected, names } = await run(test, bias, given, tuning);
    expectClose(actual, expected);
    const plain = names.filter((name) => name.endsWith('_plain'));
    expect(plain.length).toBe(kind === 'plain' ? 3 : 0);
  });
});

describe('conv', () => {
  it('copies nothing where the layouts are those that the kernels read', async () => {
    for (const name of ['3x3, borders as they are read', '5x5', 'depthwise, borders']) {
      const test = cases.find((c) => c.name === name)!;
      const { names } = await run(
        { ...test, layouts: { ...test.layouts, y: undefined } },
        false,
        undefined,
      );
      expect(names).not.toContain('conv.frame');
    }
  });
  it('knows its windows', () => {
    const window = (size: number, stride = 1, dilation = 1) =>
      windowOf('conv', [size, size], [9, 9], { stride, dilation });
    for (const size of [1, 3, 5]) {
      expect(isTuned(window(size), 1)).toBe(true);
      expect(isTuned(window(size, 2), 1)).toBe(true);
    }
    expect(isTuned(window(7), 1)).toBe(false);
    expect(isTuned(window(2), 1)).toBe(false);
    expect(isTuned(window(3, 3), 1)).toBe(false);
    expect(isTuned(window(3, 1, 2), 1)).toBe(false);
    expect(isTuned(windowOf('conv', [3, 1], [9, 9], {}), 1)).toBe(false);
    expect(isTuned(window(3, 2), 8)).toBe(true);
    expect(isTuned(window(5), 8)).toBe(false);
    expect(isTuned(window(3), 2, 8, 8)).toBe(false);
    expect(isTuned(window(3), 8, 8, 16)).toBe(false);
  });
  it('says how it wants dy', () => {
    const layout = (size: number, padding: number, stride: 1 | 2 = 1) => {
      const window = windowOf('conv', [size, size], [8, 8], { stride, padding });
      return convGradientLayout(convWindow('conv', window, [8, 8], 1));
    };
    expect(layout(3, 1)).toEqual(bordered(8, 1));
    expect(layout(5, 2)).toEqual(bordered(8, 2));
    expect(layout(3, 1, 2)).toEqual(bordered(4, 1));
    expect(layout(1, 0)).toEqual(bordered(8, 0));
  });
  it('refuses what it has no kernels for', () => {
    const x = state('x', f32([1, 1, 4, 8, 8]));
    const refused = (shape: number[], attributes: object) => () =>
      new Tape().apply(conv, { x, weight: state('weight', f32(shape)) }, attributes);
    expect(refused([1, 4, 7, 7, 8], {})).toThrow(/conv/);
    expect(refused([1, 3, 3, 3, 8], {})).toThrow(/conv/);
    expect(refused([1, 4, 1, 3, 3], { groups: 2 })).toThrow(/conv/);
    expect(refused([1, 4, 2, 3, 3], { groups: 4 })).toThrow(/conv/);
  });
});
