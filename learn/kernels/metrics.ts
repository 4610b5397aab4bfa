import { accumulateMetrics } from '../../src/kernels/metrics';
import { batchMetrics } from '../../src/kernels/reference/metrics';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function batch(samples: number, classes: number, threads: number, bad = false): Dispatch {
  const logits = tensor([samples, classes], samples);
  const losses = Array.from({ length: samples }, (_, n) => (bad && n === 1 ? Infinity : n / 8));
  const loss = tensor([samples], losses);
  // One in five has no label.
  const classOf = Array.from({ length: samples }, (_, n) => (n % 5 === 4 ? 99 : (n * 3) % classes));
  const labels = tensor([samples], classOf, 'u32');
  const before = [2, 3, 4, 5];
  const totals = tensor([4], before);
  const first_bad_step = tensor([1], [0], 'u32');
  const step = tensor([2], [1, 8], 'u32'); // seed, number
  const found = batchMetrics(losses, logits.data, classOf, classes);
  const added = [found.loss, found.steps, found.correct, found.samples];
  const expected = {
    totals: before.map((value, i) => value + added[i]),
    first_bad_step: [found.bad ? 8 : 0],
  };
  const name = `${samples} samples of ${classes} classes, ${threads} threads${bad ? ', one loss infinite' : ''}`;
  const inputs = { loss, logits, labels, step, totals, first_bad_step };
  const made = dispatchOf(accumulateMetrics, name, inputs, undefined, expected);
  return { ...made, overrides: { WORKGROUP_SIZE: threads } };
}

const given = {
  shader: accumulateMetrics.shader,
  tolerance: { absolute: 1e-5, relative: 1e-6 },
  shown: batch(6, 3, 4),
  hidden: [batch(13, 7, 8), batch(3, 2, 4, true), batch(1, 4, 8)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'barrier',
      title: 'The barrier',
      task: 'Each thread leaves what it found. Thread 0 does not wait for the others.',
      faults: [
        ['  bad[local.x] = not_finite;\n  workgroupBarrier();', '  bad[local.x] = not_finite;'],
      ],
      fails: ['race', 'value'],
      hints: ['Between what all write and what one reads.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the prediction',
      task: 'The class with the largest logit; of equal ones the first. Five lines.',
      faults: [
        [
          `  for (var j = 1u; j < params.classes; j++) {
    if (logits[n * params.classes + j] > logits[n * params.classes + best]) {
      best = j;
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: ['Logit j of sample n is logits[n * params.classes + j].'],
    },
  ],
};
export default lesson;
