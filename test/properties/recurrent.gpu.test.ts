import fc from 'fast-check';
import { gru, lstm } from '../../src/eager';
import * as gruReference from '../../src/kernels/reference/gru';
import * as lstmReference from '../../src/kernels/reference/lstm';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  steps: extent(4),
  samples: extent(5),
  input: extent(6),
  hidden: extent(9),
  biases: fc.constantFrom('both' as const, 'none' as const, 'ih' as const, 'hh' as const),
  state: fc.boolean(),
  lengths: fc.boolean(),
  reverse: fc.boolean(),
  resetFirst: fc.boolean(),
  seed: fc.nat(),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function inputsOf(c: Case, gates: number) {
  const { steps, samples, input, hidden, biases, seed } = c;
  const next = random(seed);
  const bias = (of: 'ih' | 'hh', k: number) =>
    biases === 'both' || biases === of ? array([gates * hidden], seed + k) : undefined;
  return {
    x: array([steps, samples, input], seed),
    weight_ih: array([gates * hidden, input], seed + 1),
    weight_hh: array([gates * hidden, hidden], seed + 2, 0.5),
    bias_ih: bias('ih', 3),
    bias_hh: bias('hh', 4),
    h0: c.state ? array([samples, hidden], seed + 5) : undefined,
    lengths: c.lengths
      ? {
          shape: [samples],
          data: Uint32Array.from({ length: samples }, () => Math.floor(next() * (steps + 2))),
        }
      : undefined,
  };
}

const zeros = (c: Case) => new Float64Array(c.samples * c.hidden);

// Sums of at most 36 terms near 1, over 4 steps.
const tolerance = { absolute: 1e-5, relative: 1e-5 };

property('lstm', cases, async (gpu, c) => {
  const { steps, samples, hidden, input, reverse, seed } = c;
  const common = inputsOf(c, 4);
  const inputs = { ...common, c0: c.state ? array([samples, hidden], seed + 6) : undefined };
  const sizes = { steps, samples, hidden, input, reverse };
  const data = {
    x: inputs.x.data,
    weight_ih: inputs.weight_ih.data,
    weight_hh: inputs.weight_hh.data,
    bias_ih: inputs.bias_ih?.data,
    bias_hh: inputs.bias_hh?.data,
    h0: inputs.h0?.data ?? zeros(c),
    c0: inputs.c0?.data ?? zeros(c),
  };
  const expected = lstmReference.lstm(data, sizes, inputs.lengths?.data);
  const { hs, h_n, c_n } = await lstm(gpu, inputs, { reverse });
  expectClose('hs', hs, expected.hs, tolerance);
  expectClose('h_n', h_n, expected.h, tolerance);
  expectClose('c_n', c_n, expected.c, tolerance);
  const dy = {
    hs: array([steps, samples, hidden], seed + 7),
    h_n: array([samples, hidden], seed + 8),
    c_n: array([samples, hidden], seed + 9),
  };
  const found = await lstm.backward(gpu, inputs, dy, { reverse });
  const gradients = lstmReference.lstmGradient(
    data,
    sizes,
    { hs: dy.hs.data, h: dy.h_n.data, c: dy.c_n.data },
    inputs.lengths?.data,
  );
  for (const name of Object.keys(gradients) as (keyof typeof gradients)[]) {
    if (inputs[name]) expectClose(`d${name}`, found[name], gradients[name], tolerance);
  }
});

property('gru', cases, async (gpu, c) => {
  const { steps, samples, hidden, input, reverse, resetFirst, seed } = c;
  const inputs = inputsOf(c, 3);
  const sizes = { steps, samples, hidden, input, reverse, resetFirst };
  const data = {
    x: inputs.x.data,
    weight_ih: inputs.weight_ih.data,
    weight_hh: inputs.weight_hh.data,
    bias_ih: inputs.bias_ih?.data,
    bias_hh: inputs.bias_hh?.data,
    h0: inputs.h0?.data ?? zeros(c),
  };
  const expected = gruReference.gru(data, sizes, inputs.lengths?.data);
  const { hs, h_n } = await gru(gpu, inputs, { reverse, resetFirst });
  expectClose('hs', hs, expected.hs, tolerance);
  expectClose('h_n', h_n, expected.h_n, tolerance);
  const dy = {
    hs: array([steps, samples, hidden], seed + 7),
    h_n: array([samples, hidden], seed + 8),
  };
  const found = await gru.backward(gpu, inputs, dy, { reverse, resetFirst });
  const gradients = gruReference.gruGradient(
    data,
    sizes,
    { hs: dy.hs.data, h_n: dy.h_n.data },
    inputs.lengths?.data,
  );
  for (const name of Object.keys(gradients) as (keyof typeof gradients)[]) {
    if (inputs[name]) expectClose(`d${name}`, found[name], gradients[name], tolerance);
  }
});
