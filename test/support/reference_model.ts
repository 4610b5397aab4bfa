import { batchNormRunning, batchNormStatistics } from '../../src/kernels/reference/batch_norm';
import { bnReluPoolForward, bnReluPoolTraining } from '../../src/kernels/reference/bn_relu_pool';
import type { Conv5x5Shape } from '../../src/kernels/reference/conv5x5';
import { denseBackward, denseForward, sideBySide } from '../../src/kernels/reference/dense';
import { focalLoss } from '../../src/kernels/reference/focal_loss';
import { lstm, lstmGradient } from '../../src/kernels/reference/lstm';
import { sgd } from '../../src/kernels/reference/optimizer';
import { reluBackward } from '../../src/kernels/reference/relu';
import type { ModelConfig } from '../../src/nn/systems/cnn_lstm';
import type { NamedTensor } from '../../src/nn/parameters';

/** Parameters, statistics or gradients by the model's names, `*` standing for the streams. */
export type Tensors = Record<string, Float64Array>;

export interface LossOptions {
  gamma: number;
  alpha: ArrayLike<number>;
  smoothing?: number;
}

export interface SgdOptions {
  learningRate: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}

const EPS = 1e-5;
const MOMENTUM = 0.1;

/**
 * The whole network in f64 on the CPU: what a training step on the GPU must follow. It is made of the
 * kernels' references and reads the tensors of a weights file, in PyTorch's shapes.
 */
export class ReferenceModel {
  readonly parameters: Tensors = {};
  readonly statistics: Tensors = {};
  readonly #velocity: Tensors = {};

  constructor(
    readonly config: ModelConfig,
    tensors: Iterable<NamedTensor>,
  ) {
    const byName = new Map([...tensors].map((tensor) => [tensor.name, tensor]));
    for (const name of this.#names()) {
      const parts = config.streams.map((stream) => {
        const tensor = byName.get(name.replace('*', stream));
        if (!tensor) throw new Error(`no tensor ${name} for ${stream}`);
        return name.endsWith('conv.weight') ? channelsLast(tensor) : tensor.data;
      });
      const all = name.includes('*') ? parts : parts.slice(0, 1);
      const target = name.includes('running') ? this.statistics : this.parameters;
      target[name] = Float64Array.from(all.flatMap((part) => Array.from(part)));
    }
  }

  #names(): string[] {
    const { widths, fusion } = this.config;
    const norm = ['conv.weight', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'];
    return [
      ...widths.flatMap((_, i) => norm.map((part) => `streams.*.block${i + 1}.${part}`)),
      'streams.*.fc.weight',
      'streams.*.fc.bias',
      ...(fusion === 'lstm'
        ? ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0'].map((part) => `lstm.${part}`)
        : ['fusion.weight', 'fusion.bias']),
      'classifier.weight',
      'classifier.bias',
    ];
  }

  /**
   * Forward in training and backward.
   * @param x standardized streams [G, T * N, 1, H, W], dense
   * @param lengths valid frames of each of the N samples
   */
  step(
    x: ArrayLike<number>,
    labels: ArrayLike<number>,
    { gamma, alpha, smoothing }: LossOptions,
    lengths?: ArrayLike<number>,
  ): { loss: number; logits: Float64Array; gradients: Tensors } {
    const { parameters: p, config } = this;
    const { widths, streams, dense, hidden, classes } = config;
    const G = streams.length;
    const N = x.length / (G * config.size ** 2); // images
    const samples = labels.length;
    const K = classes.length;
    const gradients: Tensors = {};

    const blocks: { x: ArrayLike<number>; y: Float64Array; shape: Conv5x5Shape; name: string }[] =
      [];
    let side = config.size;
    let channels = 1;
    let activation = x;
    widths.forEach((width, i) => {
      const name = `streams.*.block${i + 1}`;
      const shape = { G, N, C: channels, O: width, H: side, W: side };
      const y = convForward(activation, p[`${name}.conv.weight`], shape);
      blocks.push({ x: activation, y, shape, name });
      const bn = { gamma: p[`${name}.bn.weight`], beta: p[`${name}.bn.bias`] };
      const extents = [G, N, width, side, side];
      const { mean, variance, rstd } = batchNormStatistics(y, extents, EPS);
      const running = {
        running_mean: this.statistics[`${name}.bn.running_mean`],
        running_var: this.statistics[`${name}.bn.running_var`],
      };
      const moved = batchNormRunning(running, { mean, variance }, extents, MOMENTUM);
      this.statistics[`${name}.bn.running_mean`] = moved.running_mean;
      this.statistics[`${name}.bn.running_var`] = moved.running_var;
      activation = bnReluPoolForward(y, extents, { mean, rstd, ...bn }).y;
      channels = width;
      side = Math.floor(side / 2);
    });

    const fc = { G, N, K: channels * side * side, M: dense };
    const flat = activation;
    const features = denseForward(flat, p['streams.*.fc.weight'], p['streams.*.fc.bias'], fc, true);
    const asSteps = config.frames.mode === 'streams'; // [T = G, N, dense] as they are
    const joined = asSteps ? features : sideBySide(features, [G, N, dense]);
    const steps = asSteps ? G : N / samples;
    const fused = this.#fusion(joined, steps, samples, lengths);
    const out = { G: 1, N: samples, K: hidden, M: K };
    const logits = denseForward(fused.y, p['classifier.weight'], p['classifier.bias'], out);
    const { loss, dlogits } = focalLoss(logits, labels, alpha, gamma, smoothing);

    const last = denseBackward(fused.y, p['classifier.weight'], dlogits, out);
    gradients['classifier.weight'] = last.dweight;
    gradients['classifier.bias'] = last.dbias;
    const djoined = fused.backward(last.dx, gradients);
    const dfeatures = reluBackward(
      features,
      asSteps ? djoined : sideBySide(djoined, [N, G, dense]),
    );
    const first = denseBackward(flat, p['streams.*.fc.weight'], dfeatures, fc);
    gradients['streams.*.fc.weight'] = first.dweight;
    gradients['streams.*.fc.bias'] = first.dbias;

    let dy: Float64Array = first.dx;
    for (const { x: input, y, shape, name } of blocks.reverse()) {
      const bn = { gamma: p[`${name}.bn.weight`], beta: p[`${name}.bn.bias`], eps: EPS };
      const extents = [G, N, shape.O, shape.H, shape.W];
      const { dx, dgamma, dbeta } = bnReluPoolTraining(y, extents, bn, dy);
      gradients[`${name}.bn.weight`] = dgamma;
      gradients[`${name}.bn.bias`] = dbeta;
      gradients[`${name}.conv.weight`] = convBackwardWeight(input, dx, shape);
      if (shape.C > 1) dy = convBackwardInput(dx, p[`${name}.conv.weight`], shape);
    }
    return { loss: loss.reduce((a, b) => a + b, 0), logits, gradients };
  }

  /** The LSTM over x [T, N, I] from a zero state, or the dense layer in its place. */
  #fusion(x: Float64Array, steps: number, N: number, lengths?: ArrayLike<number>) {
    const { parameters: p } = this;
    const { hidden } = this.config;
    const input = x.length / (steps * N);
    if (this.config.fusion === 'concat') {
      const extents = { G: 1, N, K: input, M: hidden };
      const weight = p['fusion.weight'];
      const y = denseForward(x, weight, p['fusion.bias'], extents, true);
      const backward = (dy: Float64Array, gradients: Tensors) => {
        const { dx, dweight, dbias } = denseBackward(x, weight, reluBackward(y, dy), extents);
        gradients['fusion.weight'] = dweight;
        gradients['fusion.bias'] = dbias;
        return dx;
      };
      return { y, backward };
    }
    const sizes = { steps, samples: N, hidden, input };
    const zero = new Float64Array(N * hidden);
    const inputs = {
      x,
      weight_ih: p['lstm.weight_ih_l0'],
      weight_hh: p['lstm.weight_hh_l0'],
      bias_ih: p['lstm.bias_ih_l0'],
      bias_hh: p['lstm.bias_hh_l0'],
      h0: zero,
      c0: zero,
    };
    const backward = (dy: Float64Array, gradients: Tensors) => {
      const { x: dx, ...all } = lstmGradient(inputs, sizes, { h: dy }, lengths);
      for (const name of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'] as const) {
        gradients[`lstm.${name}_l0`] = all[name];
      }
      return dx;
    };
    return { y: lstm(inputs, sizes, lengths).h, backward };
  }

  /** Stochastic gradient descent; weight decay only where the model has it. */
  descend(gradients: Tensors, options: SgdOptions): void {
    for (const [name, parameters] of Object.entries(this.parameters)) {
      const velocity = (this.#velocity[name] ??= new Float64Array(parameters.length));
      const decays = name.includes('weight') && !name.includes('.bn.');
      const next = sgd({ parameters, velocity }, gradients[name], {
        ...options,
        decayLength: decays ? parameters.length : 0,
        scale: 1,
      });
      this.parameters[name] = next.parameters;
      this.#velocity[name] = next.velocity;
    }
  }
}

/** [O, C, 5, 5] of a weights file to the reference's [C, 5, 5, O]. */
function channelsLast({ shape: [O, C], data }: NamedTensor): Float32Array {
  const out = new Float32Array(data.length);
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < C * 25; i++) out[i * O + o] = data[o * C * 25 + i];
  }
  return out;
}

/**
 * The sums of `reference/conv5x5`, in another order of loops: one weight at a time over whole rows,
 * which is some fifty times faster. For each it gives the offsets of weight, x and y, and the number of
 * rows and columns that the tap covers.
 */
function forEachTap(
  { G, N, C, O, H, W }: Conv5x5Shape,
  visit: (weight: number, x: number, y: number, rows: number, columns: number) => void,
): void {
  for (let g = 0; g < G; g++) {
    for (let c = 0; c < C; c++) {
      for (let tap = 0; tap < 25; tap++) {
        const dy = Math.floor(tap / 5) - 2;
        const dx = (tap % 5) - 2;
        const rows = H - Math.abs(dy);
        const columns = W - Math.abs(dx);
        if (rows <= 0 || columns <= 0) continue;
        const from = Math.max(0, dy) * W + Math.max(0, dx);
        const to = Math.max(0, -dy) * W + Math.max(0, -dx);
        for (let o = 0; o < O; o++) {
          const weight = ((g * C + c) * 25 + tap) * O + o;
          for (let n = 0; n < N; n++) {
            const x = ((g * N + n) * C + c) * H * W + from;
            const y = ((g * N + n) * O + o) * H * W + to;
            visit(weight, x, y, rows, columns);
          }
        }
      }
    }
  }
}

export function convForward(
  input: ArrayLike<number>,
  weight: Float64Array,
  shape: Conv5x5Shape,
): Float64Array {
  const x = Float64Array.from(input);
  const y = new Float64Array(shape.G * shape.N * shape.O * shape.H * shape.W);
  const { W } = shape;
  forEachTap(shape, (at, from, to, rows, columns) => {
    const w = weight[at];
    for (let i = 0; i < rows; i++, from += W, to += W) {
      for (let j = 0; j < columns; j++) y[to + j] += w * x[from + j];
    }
  });
  return y;
}

export function convBackwardInput(
  dy: Float64Array,
  weight: Float64Array,
  shape: Conv5x5Shape,
): Float64Array {
  const dx = new Float64Array(shape.G * shape.N * shape.C * shape.H * shape.W);
  const { W } = shape;
  forEachTap(shape, (at, from, to, rows, columns) => {
    const w = weight[at];
    for (let i = 0; i < rows; i++, from += W, to += W) {
      for (let j = 0; j < columns; j++) dx[from + j] += w * dy[to + j];
    }
  });
  return dx;
}

export function convBackwardWeight(
  input: ArrayLike<number>,
  dy: Float64Array,
  shape: Conv5x5Shape,
): Float64Array {
  const x = Float64Array.from(input);
  const dweight = new Float64Array(shape.G * shape.C * 25 * shape.O);
  const { W } = shape;
  forEachTap(shape, (at, from, to, rows, columns) => {
    let sum = 0;
    for (let i = 0; i < rows; i++, from += W, to += W) {
      for (let j = 0; j < columns; j++) sum += x[from + j] * dy[to + j];
    }
    dweight[at] += sum;
  });
  return dweight;
}
