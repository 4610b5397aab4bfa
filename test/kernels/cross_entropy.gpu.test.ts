import {
  crossEntropyBackward,
  crossEntropyForward,
  crossEntropyReduce,
  type CrossEntropyAttributes,
} from '../../src/kernels/cross_entropy';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/cross_entropy';
import { random } from '../support/random';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';

interface Case extends Omit<CrossEntropyAttributes, 'logSoftmax' | 'hasWeight'> {
  name: string;
  shape: number[];
  weighted?: boolean;
  scale?: number;
  /** Labels, or every class in turn. */
  labels?: number[];
}

const cases: Case[] = [
  { name: 'N = 5, C = 3', shape: [5, 3] },
  { name: 'one of everything', shape: [1, 1] },
  { name: 'classes alone', shape: [4], labels: [2] },
  { name: 'weights', shape: [6, 4], weighted: true },
  { name: 'label smoothing', shape: [6, 4], smoothing: 0.1 },
  { name: 'weights and smoothing', shape: [6, 4], weighted: true, smoothing: 0.3 },
  { name: 'ignored class 1', shape: [7, 3], weighted: true, ignoreIndex: 1 },
  { name: 'the default ignored index', shape: [3, 3], labels: [0, -100, 2] },
  { name: 'labels that are no class', shape: [4, 3], labels: [3, 0xffffffff, 1, -1] },
  { name: 'nothing counts', shape: [2, 3], labels: [-1, -1], smoothing: 0.1 },
  { name: 'pictures', shape: [2, 3, 4, 5], weighted: true, smoothing: 0.1, ignoreIndex: 2 },
  { name: 'past one workgroup', shape: [131, 7], weighted: true },
  { name: 'many classes', shape: [3, 300], smoothing: 0.1 },
  { name: 'large scores', shape: [5, 4], scale: 1e4 },
  { name: 'equal scores', shape: [3, 5], scale: 0 },
];

function inputsOf({ shape, weighted, labels, scale }: Case, seed = 1) {
  const axis = shape.length === 1 ? 0 : 1;
  const [C] = shape.slice(axis);
  const rest = [...shape.slice(0, axis), ...shape.slice(axis + 1)];
  const next = random(7);
  const label = labels ?? Array.from({ length: size(rest) }, () => Math.floor(next() * C));
  return {
    x: tensor(shape, seed, { scale: scale ?? 3 }),
    labels: tensor(rest, Uint32Array.from(label), { dtype: 'u32' }),
    weight: weighted
      ? tensor(
          [C],
          Array.from({ length: C }, (_, j) => 0.5 + (j % 4) / 2),
        )
      : tensor([1], [NaN]), // not read
  };
}

const attributesOf = ({ weighted, ignoreIndex, smoothing }: Case, logSoftmax: boolean) => ({
  logSoftmax,
  hasWeight: weighted ?? false,
  ignoreIndex,
  smoothing,
});

const optionsOf = (x: Dense, weight: Dense | undefined, a: CrossEntropyAttributes) => ({
  shape: x.shape,
  logSoftmax: a.logSoftmax,
  weight: a.hasWeight ? weight!.data : undefined,
  ignoreIndex: a.ignoreIndex,
  smoothing: a.smoothing,
});

// log and exp of WGSL are good to a few 1e-7 of a number of the scale of the logits (relative part);
// sums over at most 300 classes.
const tolerance = { absolute: 3e-6, relative: 3e-6 };

testKernel(crossEntropyForward, {
  cases: cases.flatMap((c) =>
    [true, false].map((logSoftmax) => ({
      name: `${c.name}${logSoftmax ? '' : ', of log-probabilities'}`,
      inputs: inputsOf(c),
      attributes: attributesOf(c, logSoftmax),
    })),
  ),
  reference: ({ x, labels, weight }, attributes) =>
    reference.crossEntropyForward(x.data, labels.data, optionsOf(x, weight, attributes)),
  tolerance,
});

testKernel(crossEntropyBackward, {
  cases: cases.flatMap((c) =>
    [true, false].flatMap((logSoftmax) =>
      [true, false].map((reduced) => {
        const { x, labels, weight } = inputsOf(c);
        const attributes = { ...attributesOf(c, logSoftmax), reduced };
        const { log_prob } = reference.crossEntropyForward(
          x.data,
          labels.data,
          optionsOf(x, weight, attributes),
        );
        return {
          name: `${c.name}${logSoftmax ? '' : ', of log-probabilities'}${reduced ? ', reduced' : ''}`,
          inputs: {
            log_prob: tensor(x.shape, log_prob),
            labels,
            weight,
            dy: reduced ? tensor([1], [0.7]) : tensor(labels.shape, 5),
            divisor: reduced ? tensor([1], [2.5]) : tensor([1], [NaN]),
          },
          attributes,
        };
      }),
    ),
  ),
  reference: ({ log_prob, labels, weight, dy, divisor }, attributes) => ({
    dx: reference.crossEntropyBackward(
      log_prob.data,
      labels.data,
      attributes.reduced
        ? Array<number>(labels.data.length).fill(dy.data[0] / divisor.data[0])
        : dy.data,
      optionsOf(log_prob, weight, attributes),
    ),
  }),
  tolerance,
});

testKernel(crossEntropyReduce, {
  cases: [1, 2, 3, 64, 255, 256, 257, 513, 1000, 4099].flatMap((length) =>
    [true, false].map((mean) => ({
      name: `${mean ? 'mean' : 'sum'} of ${length}`,
      inputs: {
        loss: tensor([length], 1),
        share: tensor([length], length === 3 ? [0, 0, 0] : Array<number>(length).fill(0.5)),
      },
      attributes: { mean },
    })),
  ),
  reference: ({ loss, share }, { mean }) =>
    reference.crossEntropyReduce(loss.data, share.data, mean),
  // Sums of 4099 terms of scale 1, 17 in a row and 8 folds.
  tolerance: { absolute: 1e-5, relative: 1e-6 },
  race: {
    name: 'tiny',
    inputs: { loss: tensor([3], 1), share: tensor([3], 2) },
    attributes: { mean: true },
  },
});

testGradient('cross_entropy', {
  cases: cases
    .filter(({ scale }) => scale === undefined)
    .flatMap((c) =>
      [true, false].map((logSoftmax) => {
        const { x, labels, weight } = inputsOf(c);
        return {
          name: `${c.name}${logSoftmax ? '' : ', of log-probabilities'}`,
          inputs: { x },
          attributes: { labels, options: optionsOf(x, weight, attributesOf(c, logSoftmax)) },
        };
      }),
    ),
  forward: ({ x }, { labels, options }) =>
    reference.crossEntropyForward(x.data, labels.data, options).loss,
  backward: ({ x }, dy, { labels, options }) => {
    const { log_prob } = reference.crossEntropyForward(x.data, labels.data, options);
    return { x: reference.crossEntropyBackward(log_prob, labels.data, dy, options) };
  },
});
