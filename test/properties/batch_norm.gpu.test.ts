import fc from 'fast-check';
import { batchNorm } from '../../src/eager';
import * as reference from '../../src/kernels/reference/batch_norm';
import { array, expectClose, extent, property } from '../support/property';

// Differences of numbers up to 3 divided by a deviation of at least 0.3; sums of up to some 200 terms.
const tolerance = { absolute: 5e-5, relative: 5e-5 };

const cases = fc.record({
  batch: extent(4, 2),
  channels: extent(5),
  rest: fc.array(extent(4), { maxLength: 3 }),
  affine: fc.boolean(),
  running: fc.boolean(),
  eps: fc.constantFrom(1e-5, 0.1),
  momentum: fc.constantFrom(0.1, 0.9),
  seed: fc.nat(),
});

/** Numbers whose deviation is not next to 0, and positive ones. */
function inputsOf(c: {
  batch: number;
  channels: number;
  rest: number[];
  affine: boolean;
  seed: number;
}) {
  const { batch, channels: C, rest, affine, seed } = c;
  const x = array([batch, C, ...rest], seed, 2);
  const plane = rest.reduce((a, b) => a * b, 1);
  x.data.forEach((v, i) => (x.data[i] = v + (Math.floor(i / (C * plane)) % 2 ? 1 : -1)));
  const weight = affine ? array([C], seed + 1) : undefined;
  const bias = affine ? array([C], seed + 2) : undefined;
  const running_mean = array([C], seed + 3);
  const running_var = array([C], seed + 4);
  running_var.data.forEach((v, i) => (running_var.data[i] = Math.abs(v) + 0.3));
  const gamma = weight?.data ?? new Float32Array(C).fill(1);
  const beta = bias?.data ?? new Float32Array(C);
  return {
    x,
    weight,
    bias,
    running_mean,
    running_var,
    gamma,
    beta,
    shape: [1, batch, C, 1, plane],
  };
}

property('batch_norm in training', cases, async (gpu, c) => {
  const { x, weight, bias, running_mean, running_var, gamma, beta, shape } = inputsOf(c);
  const inputs = { x, weight, bias, ...(c.running && { running_mean, running_var }) };
  const attributes = { training: true, eps: c.eps, momentum: c.momentum };
  const statistics = reference.batchNormStatistics(x.data, shape, c.eps);
  const { mean, rstd } = statistics;

  const result = await batchNorm(gpu, inputs, attributes);
  expectClose(
    'y',
    result.y,
    reference.batchNormForward(x.data, shape, { mean, rstd, gamma, beta }),
    tolerance,
  );
  if (c.running) {
    const moved = reference.batchNormRunning(
      { running_mean: running_mean.data, running_var: running_var.data },
      statistics,
      shape,
      c.momentum,
    );
    expectClose('running_mean', result.running_mean, moved.running_mean, tolerance);
    expectClose('running_var', result.running_var, moved.running_var, tolerance);
  }
  const dy = array(x.shape, c.seed + 5);
  const gradients = await batchNorm.backward(gpu, inputs, { y: dy }, attributes);
  const sums = reference.batchNormBackwardReduce(x.data, shape, { mean, rstd, dy: dy.data });
  const given = { mean, rstd, gamma, ...sums, dy: dy.data };
  expectClose('dx', gradients.x, reference.batchNormBackwardInput(x.data, shape, given), tolerance);
  if (weight) {
    expectClose('dweight', gradients.weight, sums.dgamma, tolerance);
    expectClose('dbias', gradients.bias, sums.dbeta, tolerance);
  }
});

property('batch_norm in inference', cases, async (gpu, c) => {
  const { x, weight, bias, running_mean, running_var, gamma, beta, shape } = inputsOf(c);
  const inputs = { x, weight, bias, running_mean, running_var };
  const attributes = { eps: c.eps };
  const mean = running_mean.data;
  const rstd = Float64Array.from(running_var.data, (v) => 1 / Math.sqrt(v + c.eps));

  const { y } = await batchNorm(gpu, inputs, attributes);
  expectClose(
    'y',
    y,
    reference.batchNormForward(x.data, shape, { mean, rstd, gamma, beta }),
    tolerance,
  );
  const dy = array(x.shape, c.seed + 5);
  const gradients = await batchNorm.backward(gpu, inputs, { y: dy }, attributes);
  const plane = shape[4];
  const dx = Float64Array.from(dy.data, (d, i) => {
    const channel = Math.floor(i / plane) % c.channels;
    return d * gamma[channel] * rstd[channel];
  });
  expectClose('dx', gradients.x, dx, tolerance);
  if (weight) {
    const sums = reference.batchNormBackwardReduce(x.data, shape, { mean, rstd, dy: dy.data });
    expectClose('dweight', gradients.weight, sums.dgamma, tolerance);
    expectClose('dbias', gradients.bias, sums.dbeta, tolerance);
  }
});
