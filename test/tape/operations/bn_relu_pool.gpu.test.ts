import { afterAll, describe, expect, it } from 'vitest';
import {
  bordered,
  f32,
  storageSize,
  type Layout,
  type TensorSpec,
} from '../../../src/kernels/kernel';
import { PLAIN, type Tuning } from '../../../src/kernels/tuning';
import { bnReluPool } from '../../../src/tape/operations/bn_relu_pool';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { state, type Value } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { physical, tensor } from '../../support/kernel';

interface Case {
  name: string;
  shape: number[];
  layout?: Layout;
  inputLayout?: Layout;
}

const cases: Case[] = [
  { name: 'one window', shape: [1, 2, 1, 2, 2] },
  { name: 'odd sizes', shape: [1, 3, 2, 7, 5] },
  { name: 'two streams', shape: [2, 3, 4, 6, 6] },
  {
    name: 'bordered',
    shape: [2, 2, 3, 9, 8],
    layout: bordered(4),
    inputLayout: bordered(8),
  },
];

type Inputs = Record<'x' | 'gamma' | 'beta' | 'running_mean' | 'running_var', Value>;

const storages: Storage[] = [];
afterAll(() => storages.forEach((storage) => storage.dispose()));

/** Runs it, with its gradient in training, and reads back everything that it gives. */
async function run(test: Case, training: boolean, tuning?: Tuning) {
  const [G, N, C, H, W] = test.shape;
  const storage = new Storage(await testGpu());
  storages.push(storage);
  const make = (name: string, spec: TensorSpec, seed: number, offset = 0) => {
    const value = state(name, spec);
    const { data } = tensor(spec.shape, seed, { layout: spec.layout });
    storage.write(value, physical({ ...spec, data: Float64Array.from(data, (v) => v + offset) }));
    return value;
  };
  const inputs: Inputs = {
    x: make('x', f32([G, N, C, H, W]), 1),
    gamma: make('gamma', f32([G, C]), 2),
    beta: make('beta', f32([G, C]), 3, 0.3),
    running_mean: make('running_mean', f32([G, C]), 4),
    running_var: make('running_var', f32([G, C]), 5, 2),
  };
  const tape = new Tape(undefined, tuning);
  if (training) {
    for (const value of [inputs.x, inputs.gamma, inputs.beta]) {
      const layout = value === inputs.x ? test.inputLayout : undefined;
      value.grad = state(`d${value.name}`, { ...value.spec, layout });
    }
  }
  const { layout, inputLayout } = test;
  inputs.x.gradientLayout = inputLayout;
  const { y } = tape.apply(bnReluPool, inputs, { training, layout });
  const names = tape.dispatches.map(({ kernel }) => kernel.name.split('.')[0]);
  const parts = ['batch_norm', 'relu', 'max_pool'];
  expect([...new Set(names)]).toEqual(tuning === PLAIN ? parts : ['bn_relu_pool']);
  const keep: Record<string, Value> = { y };
  if (training) {
    tape.seed(y, make('dy', y.spec, 6));
    tape.backward();
  }
  const plan = await Plan.compile(tape, storage, { keep: Object.values(keep) });
  plan.run();
  const results: Record<string, ArrayLike<number>> = {};
  for (const [name, value] of Object.entries(keep)) results[name] = await plan.read(value);
  for (const name of ['running_mean', 'running_var'] as const) {
    results[name] = await storage.read(inputs[name]);
  }
  if (training) {
    for (const name of ['x', 'gamma', 'beta'] as const) {
      results[`d${name}`] = await storage.read(inputs[name].grad!);
    }
  }
  expect(y.spec.layout).toEqual(test.layout);
  plan.dispose();
  return results;
}

function expectClose(
  actual: Record<string, ArrayLike<number>>,
  expected: Record<string, ArrayLike<number>>,
) {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(actual)) {
    expect(values.length).toBe(expected[name].length);
    for (let i = 0; i < values.length; i++) {
      // Both round a few times, on numbers up to 5, and sum the gradients in different orders.
      const error = Math.abs(values[i] - expected[name][i]);
      expect(error, `${name}[${i}]: ${values[i]}, ${expected[name][i]}`).toBeLessThan(1e-5);
    }
  }
}

describe('bn_relu_pool', () => {
  it.each(cases)('is batch norm, ReLU and max-pool in training: $name', async (test) => {
    const actual = await run(test, true);
    expectClose(actual, await run(test, true, PLAIN));
    expect(actual.dx.length).toBe(storageSize(f32(test.shape, test.inputLayout)));
  });

  it.each(cases)('is batch norm, ReLU and max-pool in inference: $name', async (test) => {
    expectClose(await run(test, false), await run(test, false, PLAIN));
  });

  it('gives the same bits every time', async () => {
    const [, , test] = cases;
    expect(await run(test, true)).toEqual(await run(test, true));
  });

  it('refuses a gradient outside training', () => {
    const channel = f32([1, 1]);
    const value = (name: string, spec = channel) => state(name, spec);
    const gamma = value('gamma');
    gamma.grad = value('dgamma');
    const tape = new Tape();
    const { y } = tape.apply(
      bnReluPool,
      {
        x: value('x', f32([1, 1, 1, 2, 2])),
        gamma,
        beta: value('beta'),
        running_mean: value('running_mean'),
        running_var: value('running_var'),
      },
      { training: false },
    );
    tape.seed(y, value('dy', y.spec));
    expect(() => tape.backward()).toThrow(/outside training/);
  });
});
