import {
  crossEntropyBackward,
  crossEntropyForward,
  type CrossEntropyAttributes,
} from '../../src/kernels/cross_entropy';
import {
  crossEntropyBackward as backwardReference,
  crossEntropyForward as reference,
} from '../../src/kernels/reference/cross_entropy';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

const NONE = -100 >>> 0; // the label that counts for nothing

type Case = { weighted?: boolean; smoothing?: number };

/** Scores [N, C, D], labels with one missing, weights of the classes. */
function given(shape: readonly [number, number, number], { weighted = false, smoothing }: Case) {
  const [N, C, D] = shape;
  const x = tensor(shape, C);
  const classes = Array.from({ length: N * D }, (_, i) => (i === 2 ? NONE : (i * 5 + 1) % C));
  const labels = tensor([N, D], classes, 'u32');
  const weight = tensor(
    [C],
    Array.from({ length: C }, (_, k) => 0.5 + k / 4),
  );
  const options = {
    shape,
    logSoftmax: true,
    smoothing,
    weight: weighted ? weight.data : undefined,
  };
  const attributes: CrossEntropyAttributes = { logSoftmax: true, hasWeight: weighted, smoothing };
  const name = `[${shape}]${weighted ? ', weighted' : ''}${smoothing ? `, smoothing ${smoothing}` : ''}`;
  return { x, labels, weight, classes, options, attributes, name };
}

function forward(shape: readonly [number, number, number], settings: Case = {}): Dispatch {
  const { x, labels, weight, classes, options, attributes, name } = given(shape, settings);
  const expected = { ...reference(x.data, classes, options) };
  const inputs = { x, labels, weight };
  const made = dispatchOf(crossEntropyForward, name, inputs, attributes, expected);
  return inWorkgroupsOf(4, classes.length, made);
}

function backward(shape: readonly [number, number, number], settings: Case = {}): Dispatch {
  const { x, labels, weight, classes, options, attributes, name } = given(shape, settings);
  const log_prob = tensor(shape, reference(x.data, classes, options).log_prob);
  const dy = tensor(labels.shape, 3);
  const divisor = tensor([1], [1]);
  const dx = backwardReference(log_prob.data, classes, dy.data, options);
  const inputs = { log_prob, labels, weight, dy, divisor };
  const how = { ...attributes, reduced: false };
  const made = dispatchOf(crossEntropyBackward, name, inputs, how, { dx });
  return inWorkgroupsOf(4, classes.length, made);
}

const tolerance = { absolute: 1e-5, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Write the last loop',
      task: '`largest` and `log_total` are there. For each class: its log-probability into log_prob; of a counted sample its weighted sum into `even` if there is smoothing, and that of its label into `hit`.',
      shader: crossEntropyForward.shader,
      faults: [
        [
          `  for (var j = 0u; j < params.classes; j++) {
    let at = first + j * params.inner;
    let l = x[at] - largest - log_total;
    log_prob[at] = l;
    if (counted && params.smoothing > 0.0) {
      even += weight_of(j) * l;
    }
    if (counted && j == label) {
      hit = weight_of(j) * l;
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten', 'value'],
      tolerance,
      shown: forward([4, 3, 1]),
      hidden: [
        forward([2, 5, 3], { weighted: true }),
        forward([7, 4, 1], { smoothing: 0.125 }),
        forward([1, 2, 4], { weighted: true, smoothing: 0.25 }),
      ],
      hints: [
        'Class j of the sample is at first + j * params.inner.',
        'Its log-probability is x[at] - largest - log_total; its weight is weight_of(j).',
      ],
    },
    {
      id: 'total',
      title: 'Find the fault: the gradient',
      task: 'It is right as long as all classes weigh the same.',
      shader: crossEntropyBackward.shader,
      faults: [['g * (p * total - t)', 'g * (p - t)']],
      fails: ['value'],
      tolerance,
      shown: backward([4, 3, 1]),
      hidden: [
        backward([2, 5, 3], { weighted: true }),
        backward([7, 4, 1], { smoothing: 0.125 }),
        backward([3, 2, 2], { weighted: true, smoothing: 0.25 }),
      ],
      hints: [
        'The gradients of a sample add up to 0, and the targets t add up to `total`. To what do the shares p?',
      ],
    },
  ],
};
export default lesson;
