import { ABSENT } from '../../src/kernels/focal_loss';
import { accumulateMetrics } from '../../src/kernels/metrics';
import { batchMetrics } from '../../src/kernels/reference/metrics';
import { tensor, testKernel } from '../support/kernel';

const u32 = (shape: number[], data: number[]) => tensor(shape, data, { dtype: 'u32' });

/** The step's number, and what earlier steps have left behind. */
const step = u32(
  [64],
  Array.from({ length: 64 }, (_, i) => (i === 1 ? 12 : 0)),
);
const before = (badStep = 0) => ({
  totals: tensor([4], [2.5, 3, 40, 96]),
  first_bad_step: u32([1], [badStep]),
});

const batch = (N: number, K: number) => ({
  loss: tensor(
    [N],
    Array.from({ length: N }, (_, n) => ((n * 7) % 11) / 8 / N),
  ),
  logits: tensor([N, K], 1, { scale: 3 }),
  labels: u32(
    [N],
    Array.from({ length: N }, (_, n) => (n * 5 + (n >> 2)) % K),
  ),
  step,
  ...before(),
});

const none = undefined;

testKernel(accumulateMetrics, {
  cases: [
    { name: 'one sample', inputs: batch(1, 7), attributes: none },
    { name: 'one class', inputs: batch(3, 1), attributes: none },
    { name: 'one workgroup', inputs: batch(64, 7), attributes: none },
    { name: 'more samples than threads', inputs: batch(201, 7), attributes: none },
    { name: 'two classes', inputs: batch(150, 2), attributes: none },
    {
      name: 'ties go to the first maximum',
      inputs: {
        ...batch(3, 3),
        logits: tensor([3, 3], [1, 1, 1, 0, 2, 2, -1, -5, -1]),
        labels: u32([3], [0, 1, 2]),
      },
      attributes: none,
    },
    {
      name: 'very negative logits',
      inputs: { ...batch(2, 2), logits: tensor([2, 2], [-3.3e38, -3.2e38, -1e30, -1e38]) },
      attributes: none,
    },
    {
      name: 'absent labels',
      inputs: { ...batch(4, 3), labels: u32([4], [ABSENT, 2, ABSENT, 1]) },
      attributes: none,
    },
    {
      name: 'no label at all',
      inputs: { ...batch(2, 3), labels: u32([2], [ABSENT, ABSENT]) },
      attributes: none,
    },
    {
      name: 'a loss that is NaN',
      inputs: { ...batch(3, 3), loss: tensor([3], [0.5, NaN, 0.5]) },
      attributes: none,
    },
    {
      name: 'a loss that is infinite',
      inputs: { ...batch(3, 3), loss: tensor([3], [0.5, Infinity, -Infinity]) },
      attributes: none,
    },
    {
      name: 'a logit that is NaN',
      inputs: { ...batch(2, 2), logits: tensor([2, 2], [0, NaN, 1, 2]) },
      attributes: none,
    },
    {
      name: 'the first bad step stays',
      inputs: { ...batch(3, 3), ...before(5), loss: tensor([3], [NaN, NaN, NaN]) },
      attributes: none,
    },
    {
      name: 'a good step after a bad one is counted',
      inputs: { ...batch(3, 3), ...before(5) },
      attributes: none,
    },
    {
      name: 'NaN of a sample without a label does not count',
      inputs: {
        ...batch(2, 3),
        logits: tensor([2, 3], [NaN, 0, 0, 1, 2, 3]),
        labels: u32([2], [ABSENT, 2]),
      },
      attributes: none,
    },
  ],
  reference: ({ loss, logits, labels, totals, first_bad_step }) => {
    const K = logits.shape[1];
    const added = batchMetrics(loss.data, logits.data, labels.data, K);
    const sums = [added.loss, added.steps, added.correct, added.samples];
    const earlier = first_bad_step.data[0];
    return {
      totals: sums.map((sum, i) => sum + totals.data[i]),
      first_bad_step: [earlier || (added.bad ? 12 : 0)],
    };
  },
  // At most 201 losses of at most 1.25 / N: the sum is below 2, a rounding 1e-7.
  tolerance: { absolute: 1e-6, relative: 0 },
  race: { name: 'tiny', inputs: batch(5, 2), attributes: none },
});
