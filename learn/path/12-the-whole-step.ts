import { focalLoss } from '../../src/kernels/focal_loss';
import { adam } from '../../src/kernels/optimizer';
import { focalLoss as lossReference } from '../../src/kernels/reference/focal_loss';
import { adam as adamReference } from '../../src/kernels/reference/optimizer';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch, type Filled } from '../dispatch';
import type { Lesson } from '../exercise';

const ABSENT = 0xffffffff;

export function loss(samples: number, classes: number, gamma: number, absent = false): Dispatch {
  const logits = tensor([samples, classes], samples);
  const classOf = Array.from({ length: samples }, (_, n) => (n * 5 + 1) % classes);
  if (absent) classOf[0] = ABSENT;
  const labels = tensor([samples], classOf, 'u32');
  const alpha = tensor(
    [classes],
    Array.from({ length: classes }, (_, k) => 1 + k / 4),
  );
  const expected = lossReference(logits.data, classOf, alpha.data, gamma);
  const name = `${samples} samples of ${classes} classes, gamma ${gamma}${absent ? ', one without a label' : ''}`;
  const made = dispatchOf(focalLoss, name, { logits, labels, alpha }, { gamma }, { ...expected });
  return inWorkgroupsOf(4, samples, made);
}

export function step(count: number, number: number): Dispatch {
  const scale = tensor([1], [0.5]);
  const [gradient, parameters, m] = [3, 4, 5].map((seed) => tensor([count], seed));
  const v = tensor(
    [count],
    Array.from(gradient.data, (g) => g * g + 0.25),
  );
  const learningRate = 0.01;
  // Seed, number of the step, learning rate: the last one a float among whole numbers, so by its bits.
  const bits = new Uint32Array(Float32Array.of(learningRate).buffer)[0];
  const step: Filled = tensor([3], [1, number, bits], 'u32');
  const expected = adamReference(
    { parameters: parameters.data, m: m.data, v: v.data },
    gradient.data,
    number,
    {
      learningRate,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      decayLength: 0,
      decoupled: false,
      scale: 0.5,
    },
  );
  const inputs = { gradient, scale, step, parameters, m, v };
  const made = dispatchOf(adam, `${count} parameters, step ${number}`, inputs, {}, { ...expected });
  return inWorkgroupsOf(2, Math.ceil(count / 8), made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'focal',
      title: 'Who counts',
      shader: focalLoss.shader,
      faults: [
        ['  counts[local.x] = count;\n  workgroupBarrier();', '  counts[local.x] = count;'],
        ['mean = 1.0 / f32(valid);', 'mean = 1.0 / f32(params.samples);'],
      ],
      fails: ['race'],
      tolerance: { absolute: 1e-5, relative: 1e-4 },
      shown: loss(6, 3, 2),
      hidden: [loss(5, 7, 2, true), loss(9, 4, 0), loss(1, 2, 1)],
      hints: [
        'Two faults. The check shows the second one when the first is mended.',
        'A sample without a label counts for nothing, and so not in the mean either.',
      ],
    },
    {
      id: 'adam',
      title: 'The first steps of Adam',
      shader: adam.shader,
      faults: [
        [
          '(mean / mean_share) / (sqrt(square / square_share) + params.epsilon)',
          'mean / (sqrt(square) + params.epsilon)',
        ],
      ],
      fails: ['value'],
      tolerance: { absolute: 1e-5, relative: 1e-4 },
      shown: step(12, 1),
      hidden: [step(3, 2), step(40, 1000)],
      hints: [
        'm and v begin at 0, so after t steps they hold only the share 1 - beta^t of an average.',
        'The two shares are computed above, as mean_share and square_share.',
      ],
    },
    {
      id: 'averages',
      title: 'Move a parameter',
      shader: adam.shader,
      faults: [
        [
          `    mean = between(mean, g, params.rate1);
    square = between(square, g * g, params.rate2);
    m[i] = mean;
    v[i] = square;
    parameters[i] = p - learning_rate * (mean / mean_share) / (sqrt(square / square_share) + params.epsilon);
`,
          '    // Yours: both averages, kept, and the new parameter.\n',
        ],
      ],
      fails: ['value'],
      tolerance: { absolute: 1e-5, relative: 1e-4 },
      shown: step(12, 1),
      hidden: [step(3, 2), step(40, 1000)],
      hints: [
        'between(a, b, share) goes the share from a toward b. The shares are params.rate1 and params.rate2.',
        'The mean goes toward g, the other average toward g * g.',
        'The hats divide by mean_share and square_share, which are computed above.',
      ],
    },
  ],
};
export default lesson;
