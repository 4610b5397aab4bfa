import fc from 'fast-check';
import { crossEntropy, nllLoss } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/cross_entropy';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

const tolerance = { absolute: 5e-6, relative: 5e-6 };

const cases = fc.record({
  N: extent(6),
  C: extent(8),
  rest: fc.array(extent(4), { maxLength: 2 }),
  seed: fc.nat(),
  weighted: fc.boolean(),
  smoothing: fc.constantFrom(0, 0.1, 0.5),
  ignoreIndex: fc.constantFrom(undefined, 0, 2, -1),
  reduction: fc.constantFrom('none' as const, 'mean' as const, 'sum' as const),
  scale: fc.constantFrom(0.1, 3, 50),
});

for (const [name, operation, logSoftmax] of [
  ['cross_entropy', crossEntropy, true],
  ['nll_loss', nllLoss, false],
] as const) {
  property(name, cases, async (gpu, c) => {
    const { N, C, rest, seed, smoothing, ignoreIndex, reduction } = c;
    const x = array([N, C, ...rest], seed, c.scale);
    const next = random(seed);
    const labels = {
      shape: [N, ...rest],
      data: Int32Array.from({ length: N * size(rest) }, () => Math.floor(next() * (C + 1)) - 1),
    };
    const weight = c.weighted
      ? { shape: [C], data: array([C], seed + 1).data.map((w) => Math.abs(w) + 0.1) }
      : undefined;
    // Classes second: where extents agree by chance, only the axis can say so.
    const attributes = { axis: 1, smoothing: Math.fround(smoothing), ignoreIndex, reduction };
    const o = { shape: x.shape, logSoftmax, weight: weight?.data, ignoreIndex };
    const options = { ...o, smoothing: attributes.smoothing };
    const each = reference.crossEntropyForward(x.data, labels.data, options);
    const { loss } = await operation(gpu, { x, labels, weight }, attributes);
    const whole = reference.crossEntropyReduce(each.loss, each.share, reduction === 'mean');
    expectClose('loss', loss, reduction === 'none' ? each.loss : whole.y, tolerance);

    const dy = array(reduction === 'none' ? labels.shape : [], seed + 2);
    const { x: dx } = await operation.backward(
      gpu,
      { x, labels, weight },
      { loss: dy },
      attributes,
    );
    const dloss = each.loss.map((_, i) =>
      reduction === 'none' ? dy.data[i] : dy.data[0] / whole.divisor[0],
    );
    const expected = reference.crossEntropyBackward(each.log_prob, labels.data, dloss, options);
    expectClose('dx', dx, expected, tolerance);
  });
}
