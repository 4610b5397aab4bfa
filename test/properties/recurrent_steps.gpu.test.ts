import fc from 'fast-check';
import * as eager from '../../src/eager';
import type { Gpu } from '../../src/gpu/device';
import * as reference from '../../src/kernels/reference/recurrent';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

/** Functions of gates with their attributes, and the same in f64. */
const FUNCTIONS = [
  { ours: 'sigmoid', f: (x: number) => 1 / (1 + Math.exp(-x)) },
  { ours: 'tanh', f: Math.tanh },
  { ours: ['leakyRelu', { slope: 0.25 }], f: (x: number) => (x > 0 ? x : 0.25 * x) },
  { ours: 'softsign', f: (x: number) => x / (1 + Math.abs(x)) },
  { ours: 'relu', f: (x: number) => Math.max(x, 0) },
] as const;

const any = fc.constantFrom(...FUNCTIONS);
const cases = fc.record({
  steps: extent(3),
  samples: extent(2),
  input: extent(2),
  hidden: extent(3),
  f: any,
  g: any,
  h: any,
  clip: fc.constantFrom(undefined, 0.4),
  peephole: fc.boolean(),
  inputForget: fc.boolean(),
  resetFirst: fc.boolean(),
  lengths: fc.boolean(),
  reverse: fc.boolean(),
  state: fc.boolean(),
  seed: fc.nat(),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
type Inputs = Record<string, { shape: readonly number[]; data: Float32Array | Uint32Array }>;
type Results = Record<string, { data: ArrayLike<number> }>;
type Call = {
  (gpu: Gpu, inputs: Inputs, attributes: object): Promise<Results>;
  backward(gpu: Gpu, inputs: Inputs, dy: Inputs, attributes: object): Promise<Results>;
};
const lstm = eager.lstm as unknown as Call;
const gru = eager.gru as unknown as Call;

function inputsOf(c: Case, gates: number): Inputs {
  const { steps: T, samples: N, input: I, hidden: H, seed } = c;
  const next = random(seed);
  const lengths = Uint32Array.from({ length: N }, () => Math.floor(next() * (T + 2)));
  const inputs: Inputs = {
    x: array([T, N, I], seed),
    weight_ih: array([gates * H, I], seed + 1),
    weight_hh: array([gates * H, H], seed + 2),
    bias_ih: array([gates * H], seed + 3, 0.5),
    bias_hh: array([gates * H], seed + 4, 0.5),
  };
  if (c.lengths) inputs.lengths = { shape: [N], data: lengths };
  if (c.state) inputs.h0 = array([N, H], seed + 5);
  if (c.state && gates === 4) inputs.c0 = array([N, H], seed + 6);
  if (c.peephole && gates === 4) inputs.peephole = array([3 * H], seed + 7);
  return inputs;
}

/** The gradient of the sum of outputs times dy by one input, by differences in f64. */
function differences(
  inputs: Record<string, Float64Array>,
  name: string,
  outputs: (inputs: Record<string, Float64Array>) => Record<string, ArrayLike<number>>,
  dy: Record<string, { data: ArrayLike<number> }>,
): Float64Array {
  const whole = () => {
    const y = outputs(inputs);
    return Object.keys(dy).reduce(
      (sum, key) => sum + Array.from(y[key]).reduce((s, v, i) => s + v * dy[key].data[i], 0),
      0,
    );
  };
  const values = inputs[name];
  return values.map((value, i) => {
    const at = (v: number) => {
      values[i] = v;
      return whole();
    };
    const slope = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6;
    values[i] = value;
    return slope;
  });
}

async function compare(
  c: Case,
  inputs: Inputs,
  outputs: (inputs: Record<string, Float64Array>) => Record<string, ArrayLike<number>>,
  call: (dy?: Inputs) => Promise<Results>,
) {
  const exact = Object.fromEntries(
    Object.entries(inputs).map(([name, { data }]) => [name, Float64Array.from(data)]),
  );
  const expected = outputs(exact);
  const found = await call();
  const dy: Inputs = {};
  for (const [i, [name, values]] of Object.entries(expected).entries()) {
    expectClose(name, found[name], values, { absolute: 1e-5, relative: 1e-5 });
    const shape = name === 'hs' ? [c.steps, c.samples, c.hidden] : [c.samples, c.hidden];
    dy[name] = array(shape, c.seed + 10 + i);
  }
  const gradients = await call(dy);
  for (const name of Object.keys(inputs).filter((key) => key !== 'lengths')) {
    const wanted = differences(exact, name, outputs, dy);
    expectClose(`d${name}`, gradients[name], wanted, { absolute: 1e-4, relative: 1e-4 });
  }
}

property('lstm, step by step', cases, async (gpu, c) => {
  const { clip, inputForget, reverse } = c;
  const inputs = inputsOf(c, 4);
  const activations = [c.f.ours, c.g.ours, c.h.ours] as const;
  const attributes = { clip, inputForget, reverse, activations };
  await compare(
    c,
    inputs,
    (exact) =>
      reference.lstmSteps(
        exact as unknown as reference.RecurrentInputs,
        c,
        { f: c.f.f, g: c.g.f, h: c.h.f },
        { clip, inputForget },
      ),
    (dy) => (dy ? lstm.backward(gpu, inputs, dy, attributes) : lstm(gpu, inputs, attributes)),
  );
});

property('gru, step by step', cases, async (gpu, c) => {
  const { clip, resetFirst, reverse } = c;
  const inputs = inputsOf(c, 3);
  const attributes = { clip, resetFirst, reverse, activations: [c.f.ours, c.g.ours] as const };
  await compare(
    c,
    inputs,
    (exact) =>
      reference.gruSteps(
        exact as unknown as reference.RecurrentInputs,
        c,
        { f: c.f.f, g: c.g.f },
        { clip, resetFirst },
      ),
    (dy) => (dy ? gru.backward(gpu, inputs, dy, attributes) : gru(gpu, inputs, attributes)),
  );
});
