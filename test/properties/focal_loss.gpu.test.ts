import fc from 'fast-check';
import { focalLoss } from '../../src/eager';
import * as reference from '../../src/kernels/reference/focal_loss';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  N: extent(20),
  K: extent(9),
  gamma: fc.constantFrom(0, 0.5, 1, 2, 3),
  smoothing: fc.constantFrom(0, 0.125),
  weighted: fc.boolean(),
  reduction: fc.constantFrom('none' as const, 'mean' as const, 'sum' as const),
  seed: fc.nat(),
});

// As test/kernels/focal_loss.gpu.test.ts; the sum is of 20 losses.
const tolerance = { absolute: 1e-5, relative: 5e-6 };

property(
  'focal_loss',
  cases,
  async (gpu, { N, K, gamma, smoothing, weighted, reduction, seed }) => {
    const logits = array([N, K], seed, 4);
    const next = random(seed);
    const labels = {
      shape: [N],
      data: Uint32Array.from({ length: N }, (_, n) =>
        n > 0 && next() < 0.2 ? 0xffffffff : Math.floor(next() * K),
      ),
    };
    const alpha = weighted
      ? { shape: [K], data: array([K], seed + 1).data.map((a) => Math.abs(a) + 0.1) }
      : undefined;
    const attributes = { gamma, smoothing, reduction };
    const expected = reference.focalLoss(
      logits.data,
      labels.data,
      alpha?.data ?? new Float64Array(K).fill(1),
      gamma,
      smoothing,
      reduction === 'mean',
    );
    const none = reduction === 'none';
    const sum = expected.loss.reduce((a, b) => a + b, 0);
    const { loss } = await focalLoss(gpu, { logits, labels, alpha }, attributes);
    expectClose('loss', loss, none ? expected.loss : [sum], tolerance);

    const dy = array(none ? [N] : [], seed + 2);
    const gradients = await focalLoss.backward(
      gpu,
      { logits, labels, alpha },
      { loss: dy },
      attributes,
    );
    const dlogits = expected.dlogits.map((d, i) => d * dy.data[none ? Math.floor(i / K) : 0]);
    expectClose('dlogits', gradients.logits, dlogits, tolerance);
  },
);
