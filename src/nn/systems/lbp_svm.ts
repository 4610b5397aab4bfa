import { abs, sign, sqrt } from '../../tape/operations/elementwise';
import { conv2d } from '../../tape/operations/conv2d';
import { relu } from '../../tape/operations/relu';
import type { Value } from '../../tape/value';
import { AvgPool2d, BatchNorm2d, Flatten, Linear } from '../layers';
import { linearOf } from '../losses';
import { Module, Parameter, type Output, type Pass } from '../module';
import { refuseSetting, type NetworkConfig } from '../network';
import { reshape } from '../../tape/operations/reshape';
import { l2SvmLoss } from './l2_svm';
import { defineSystem } from './system';

const defaults = { size: 48, cell: 8 };
type LbpConfig = NetworkConfig & typeof defaults;

/** The eight neighbours in a circle, as places in a window of 3x3. */
const CIRCLE = [0, 1, 2, 5, 8, 7, 6, 3];

/** Patterns with at most two changes between 0 and 1 around the circle: 58 of 256. */
const UNIFORM = Array.from({ length: 256 }, (_, code) => code).filter((code) => {
  const turned = (code >> 1) | ((code & 1) << 7);
  return (code ^ turned).toString(2).replaceAll('0', '').length <= 2;
});

const fixed = (shape: number[], at: (i: number) => number) =>
  new Parameter(shape, (target) => target.forEach((_, i) => (target[i] = at(i))), {}, 'statistic');

/** Shares of the uniform local binary patterns in every cell, under a square root: x [N, 1, S, S] -> [N, 58, S / cell, S / cell]. */
class Patterns extends Module {
  /** Center less neighbour, one neighbour a channel. */
  readonly differences = fixed([8, 1, 3, 3], (i) => {
    const place = i % 9;
    return place === 4 ? 1 : place === CIRCLE[Math.floor(i / 9)] ? -1 : 0;
  });
  /** The pattern as a number, less that of each uniform one. */
  readonly powers = fixed([58, 8, 1, 1], (i) => 2 ** (i % 8));
  readonly codes = fixed([58], (i) => -UNIFORM[i]);
  readonly #pool: AvgPool2d;

  constructor(cell: number) {
    super();
    this.#pool = new AvgPool2d(cell);
  }

  forward(pass: Pass, x: Value): Value {
    const { tape } = pass;
    const weight = this.differences.value;
    const below = tape.apply(conv2d, { x, weight }, { padding: 1 }).y;
    const signs = tape.apply(sign, { x: below }, undefined).y;
    const bits = linearOf(pass, tape.apply(relu, { x: signs }).y, -1, 1); // 1 where it is not darker
    const inputs = { x: bits, weight: this.powers.value, bias: this.codes.value };
    const off = tape.apply(abs, { x: tape.apply(conv2d, inputs, {}).y }, undefined).y;
    const is = tape.apply(relu, { x: linearOf(pass, off, -1, 1) }).y; // 1 where it is that pattern
    return tape.apply(sqrt, { x: this.#pool.forward(pass, is) }, undefined).y;
  }
}

/** LBP + SVM: uniform patterns by cell, standardized, and a linear support vector machine of each class against the rest. */
class LbpSvm extends Module<Output> {
  readonly patterns: Patterns;
  readonly norm: BatchNorm2d;
  readonly classifier: Linear;
  readonly #flatten = new Flatten();

  constructor({ size, cell, classes }: LbpConfig) {
    super();
    const features = 58 * Math.floor(size / cell) ** 2;
    this.patterns = new Patterns(cell);
    this.norm = new BatchNorm2d(features);
    this.classifier = new Linear(features, classes.length);
  }

  forward(pass: Pass, x: Value): Output {
    const flat = this.#flatten.forward(pass, this.patterns.forward(pass, x)).settle();
    const shape = [...flat.shape, 1, 1];
    const rows = pass.tape.apply(reshape, { x: flat }, { shape }).y;
    const embedding = this.#flatten.forward(pass, this.norm.forward(pass, rows));
    return { logits: this.classifier.forward(pass, embedding), embedding };
  }

  override loss(pass: Pass, { logits }: Output, _: Value, onehot: Value): Value {
    return l2SvmLoss(pass, logits, onehot);
  }
}

export const lbpSvm = defineSystem({
  name: 'lbp-svm',
  about: 'uniform local binary patterns by cell and a linear support vector machine',
  defaults,
  check({ size, cell }) {
    if (!Number.isInteger(cell) || cell < 1 || size % cell !== 0) {
      refuseSetting(`cell must divide the size ${size}`, cell);
    }
  },
  build: (config) => new LbpSvm(config),
});
