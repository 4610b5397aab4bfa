import { bnReluPoolForward, bnReluPoolInference } from '../../src/kernels/bn_relu_pool';
import { bordered, type Layout } from '../../src/kernels/kernel';
import { batchNormRunning, batchNormStatistics } from '../../src/kernels/reference/batch_norm';
import {
  bnReluPoolForward as inferenceReference,
  bnReluPoolTraining,
} from '../../src/kernels/reference/bn_relu_pool';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

/** [G, N, C, H, W]. */
type Shape = readonly [number, number, number, number, number];

const settings = { eps: 1e-5, momentum: 0.1 };

/** Of the channels every other one has a negative gamma, unless `positive`. */
function given(shape: Shape, positive: boolean) {
  const [G, , C] = shape;
  const of = (value: (c: number) => number) =>
    tensor(
      [G, C],
      Array.from({ length: G * C }, (_, c) => value(c)),
    );
  return {
    x: tensor(shape, C),
    gamma: of((c) => (positive || c % 2 === 0 ? 1 : -1) * (0.75 + c / 8)),
    beta: of((c) => 0.25 - c / 8),
    running_mean: of((c) => c / 4 - 0.5),
    running_var: of((c) => 1 + c / 2),
  };
}

const name = (shape: Shape, positive: boolean, layout?: Layout) =>
  `[${shape}]${positive ? '' : ', some gamma negative'}${layout ? `, border ${layout.border}` : ''}`;

function forward(
  shape: Shape,
  { positive = false, layout = undefined as Layout | undefined } = {},
): Dispatch {
  const inputs = given(shape, positive);
  const { x, gamma, beta, running_mean, running_var } = inputs;
  const made = bnReluPoolTraining(x.data, shape, {
    gamma: gamma.data,
    beta: beta.data,
    eps: settings.eps,
  });
  const running = { running_mean: running_mean.data, running_var: running_var.data };
  const statistics = batchNormStatistics(x.data, shape, settings.eps);
  const moved = batchNormRunning(running, statistics, shape, settings.momentum);
  const moments = Array.from(made.mean).flatMap((mean, c) => [mean, made.rstd[c]]);
  const expected = { y: made.y, winner: made.winner, moments, ...moved };
  const attributes = { ...settings, layout };
  const dispatch = dispatchOf(
    bnReluPoolForward,
    name(shape, positive, layout),
    inputs,
    attributes,
    expected,
  );
  return { ...dispatch, overrides: { WORKGROUP_SIZE: 8 } };
}

function inference(
  shape: Shape,
  { positive = false, layout = undefined as Layout | undefined } = {},
): Dispatch {
  const inputs = given(shape, positive);
  const { x, gamma, beta, running_mean: mean, running_var } = inputs;
  const rstd = Array.from(running_var.data, (v) => 1 / Math.sqrt(v + settings.eps));
  const channel = { mean: mean.data, rstd, gamma: gamma.data, beta: beta.data };
  const { y } = inferenceReference(x.data, shape, channel);
  const attributes = { eps: settings.eps, layout };
  return dispatchOf(bnReluPoolInference, name(shape, positive, layout), inputs, attributes, { y });
}

const tolerance = { absolute: 1e-5, relative: 1e-4 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'winner',
      title: 'The best of four',
      task: 'z rises with x where gamma is positive and falls where it is negative, so the winner is found on x: the one for which direction · x is greatest, the first of equals. Three lines.',
      shader: bnReluPoolForward.shader,
      faults: [
        [
          `      best = select(best, top_right, direction * top_right > direction * best);
      best = select(best, bottom_left, direction * bottom_left > direction * best);
      best = select(best, bottom_right, direction * bottom_right > direction * best);
`,
          '      // Yours: top_right, bottom_left, bottom_right.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: forward([1, 1, 2, 4, 6]),
      hidden: [forward([2, 3, 2, 5, 4]), forward([1, 2, 3, 2, 3], { layout: bordered(1) })],
      hints: ['`select(a, b, condition)` is b where the condition holds.'],
    },
    {
      id: 'negative',
      title: 'Find the fault: inference',
      task: 'The largest x of the window gives the largest z. Does it always?',
      shader: bnReluPoolInference.shader,
      faults: [
        [
          'select(min(min(a, b), min(d, e)), max(max(a, b), max(d, e)), slope > 0.0)',
          'max(max(a, b), max(d, e))',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: inference([1, 1, 1, 4, 6], { positive: true }),
      hidden: [inference([2, 3, 2, 5, 4]), inference([1, 2, 3, 2, 3], { layout: bordered(1) })],
      hints: ['gamma is learnt, and nothing keeps it from becoming negative.'],
    },
  ],
};
export default lesson;
