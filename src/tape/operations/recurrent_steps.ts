import { FacegradError } from '../../gpu/errors';
import { fill } from '../../kernels/copy';
import type { GruAttributes } from '../../kernels/gru';
import { stepMask } from '../../kernels/lstm';
import { defineOperation, type Operation, type Tape } from '../tape';
import type { Value } from '../value';
import { concat, slice } from './copy';
import { linear } from './dense';
import * as elementwise from './elementwise';
import { gru as usualGru, type Inputs as GruInputs } from './gru';
import { lstm as usualLstm, type Inputs as LstmInputs, type LstmAttributes } from './lstm';
import { checkRecurrent } from './recurrent';
import { relu } from './relu';
import { reshape } from './reshape';

const { affine, clip, elu, hardSigmoid, leakyRelu, sigmoid, softplus, softsign, tanh } =
  elementwise;
const FUNCTIONS = {
  affine,
  elu,
  hardSigmoid,
  leakyRelu,
  relu,
  sigmoid,
  softplus,
  softsign,
  tanh,
};

/** A function in place of a gate's own, alone or with its attributes: `['leakyRelu', { slope: 0.1 }]`. */
export type Activation = keyof typeof FUNCTIONS | readonly [keyof typeof FUNCTIONS, object];

export interface StepAttributes {
  /** What gates' functions are given stays between -clip and clip. */
  clip?: number;
}

export interface LstmLayerAttributes extends LstmAttributes, StepAttributes {
  /** Of the gates i f o, of the candidate, and of the cell; by default sigmoid, tanh, tanh. */
  activations?: readonly [Activation, Activation, Activation];
  /** The forget gate is 1 - i. */
  inputForget?: boolean;
}

export interface GruLayerAttributes extends GruAttributes, StepAttributes {
  /** Of the gates r z, and of the candidate; by default sigmoid, tanh. */
  activations?: readonly [Activation, Activation];
}

/** What steps are made of. */
class Steps {
  constructor(
    readonly tape: Tape,
    readonly name: string,
    readonly hidden: number,
    readonly limit?: number,
  ) {
    if (limit !== undefined && !(limit > 0)) {
      throw new FacegradError('bad-input', `${name}: clip must be above 0, got ${limit}`, {
        operation: name,
        available: limit,
      });
    }
  }

  add = (a: Value, b?: Value) => (b ? this.tape.apply(elementwise.add, { a, b }).y : a);
  mul = (a: Value, b: Value) => this.tape.apply(elementwise.mul, { a, b }).y;
  oneMinus = (x: Value) => this.tape.apply(affine, { x }, { scale: -1, shift: 1 }).y;
  linear = (x: Value, weight: Value, bias?: Value) =>
    this.tape.apply(linear, { x, weight, bias }, {}).y;

  /** A part of H columns, or of rows of a weight. */
  part = (x: Value, index: number, axis: number, count = 1) =>
    this.tape.apply(
      slice,
      { x },
      { starts: [index * this.hidden], ends: [(index + count) * this.hidden], axes: [axis] },
    ).y;

  /** Step t of [T, N, K]: [N, K]. */
  step(x: Value, t: number): Value {
    const { y } = this.tape.apply(slice, { x }, { starts: [t], ends: [t + 1], axes: [0] });
    return this.tape.apply(reshape, { x: y }, { shape: x.shape.slice(1) }).y;
  }

  /** A function of a gate's argument, which is clipped; the cell is not. */
  gate = (activation: Activation, x: Value) => this.activate(activation, this.clipped(x));

  clipped(x: Value): Value {
    const { limit, tape } = this;
    return limit === undefined ? x : tape.apply(clip, { x }, { min: -limit, max: limit }).y;
  }

  activate(activation: Activation, x: Value): Value {
    const [name, attributes] = typeof activation === 'string' ? [activation, {}] : activation;
    const operation = FUNCTIONS[name] as Operation<{ x: Value }, 'y', never, object> | undefined;
    if (!operation) {
      throw new FacegradError('bad-input', `${this.name}: unknown activation ${name}`, {
        operation: this.name,
        wanted: Object.keys(FUNCTIONS),
        available: name,
      });
    }
    return this.tape.apply(operation, { x }, attributes).y;
  }

  /** All steps in their order; `state` is what the last one left, `hs` the outputs, [T, N, H]. */
  walk(
    { x, lengths }: { x: Value; lengths?: Value },
    reverse: boolean,
    state: Value[],
    step: (t: number, state: Value[]) => Value[],
  ): { hs: Value; state: Value[] } {
    const { tape } = this;
    const [T, N] = x.shape;
    const mask = lengths && tape.dispatch(stepMask, { lengths }, { steps: T }).y;
    const outputs: Record<string, Value> = {};
    for (let i = 0; i < T; i++) {
      const t = reverse ? T - 1 - i : i;
      let next = step(t, state);
      let output = next[0];
      if (mask) {
        const taken = this.step(mask, t);
        output = this.mul(output, taken);
        const kept = this.oneMinus(taken);
        next = next.map((value, k) => this.add(this.mul(value, taken), this.mul(state[k], kept)));
      }
      outputs[t] = tape.apply(reshape, { x: output }, { shape: [1, N, this.hidden] }).y;
      state = next;
    }
    return { hs: tape.apply(concat, outputs, { axis: 0 }).y, state };
  }

  zeros = (shape: readonly number[]) => this.tape.dispatch(fill, {}, { shape, value: 0 }).y;
}

const isDefault = (given: readonly Activation[] | undefined, usual: readonly string[]) =>
  !given || given.join() === usual.join();

/**
 * An LSTM with all that ONNX's and WebNN's may have. What PyTorch's has is one dispatch for the recurrence;
 * peepholes [3H] (i f o; the output gate sees the new cell), other functions and a clip are a chain of small ones a step.
 */
export const lstm = defineOperation({
  name: 'lstm',
  composite: true,
  forward(
    tape,
    inputs: LstmInputs & { peephole?: Value },
    attributes: LstmLayerAttributes = {},
  ): Record<'hs' | 'h_n' | 'c_n', Value> {
    const { activations, clip: limit, inputForget = false, ...usual } = attributes;
    const { peephole, ...rest } = inputs;
    const standard = ['sigmoid', 'tanh', 'tanh'] as const;
    if (!peephole && !inputForget && limit === undefined && isDefault(activations, standard)) {
      return tape.apply(usualLstm, rest, usual);
    }
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0, lengths } = rest;
    checkRecurrent('lstm', 4, { ...rest, peephole });
    refuse('lstm', !h0 !== !c0, 'h0 and c0 must be given together');
    refuse('lstm', usual.updateState ?? false, 'updateState supports only the default gates');
    const [F, G, H] = activations ?? standard;
    const hidden = weight_hh.shape[1];
    const s = new Steps(tape, 'lstm', hidden, limit);
    const xw = s.linear(x, weight_ih, bias_ih);
    const peepholes = peephole && [0, 1, 2].map((k) => s.part(peephole, k, 0));
    const begin = [x.shape[1], hidden];
    const zero = !h0 || usual.zeroState;
    const start = zero ? [s.zeros(begin), s.zeros(begin)] : [h0, c0!];
    const { hs, state } = s.walk({ x, lengths }, usual.reverse ?? false, start, (t, [h, c]) => {
      const a = s.add(s.step(xw, t), s.linear(h, weight_hh, bias_hh));
      const gate = (k: number, cell?: Value, p?: Value) =>
        s.add(s.part(a, k, 1), cell && p && s.mul(cell, p));
      const i = s.gate(F, gate(0, c, peepholes?.[0]));
      const f = inputForget ? s.oneMinus(i) : s.gate(F, gate(1, c, peepholes?.[1]));
      const g = s.gate(G, gate(2));
      const cell = s.add(s.mul(f, c), s.mul(i, g));
      const o = s.gate(F, gate(3, cell, peepholes?.[2]));
      return [s.mul(o, s.activate(H, cell)), cell];
    });
    return { hs, h_n: state[0], c_n: state[1] };
  },
});

/** A GRU with other functions and a clip; where there are none, one dispatch for the recurrence. */
export const gru = defineOperation({
  name: 'gru',
  composite: true,
  forward(
    tape,
    inputs: GruInputs,
    attributes: GruLayerAttributes = {},
  ): Record<'hs' | 'h_n', Value> {
    const { activations, clip: limit, ...usual } = attributes;
    const standard = ['sigmoid', 'tanh'] as const;
    if (limit === undefined && isDefault(activations, standard)) {
      return tape.apply(usualGru, inputs, usual);
    }
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, lengths } = inputs;
    checkRecurrent('gru', 3, { ...inputs });
    const [F, G] = activations ?? standard;
    const hidden = weight_hh.shape[1];
    const s = new Steps(tape, 'gru', hidden, limit);
    const xw = s.linear(x, weight_ih, bias_ih);
    const start = h0 && !usual.zeroState ? h0 : s.zeros([x.shape[1], hidden]);
    const { resetFirst } = usual;
    const rows = (k: number, count: number) => [
      s.part(weight_hh, k, 0, count),
      bias_hh && s.part(bias_hh, k, 0, count),
    ];
    const [[w_rz, b_rz], [w_n, b_n]] = [rows(0, 2), rows(2, 1)];
    const { hs, state } = s.walk({ x, lengths }, usual.reverse ?? false, [start], (t, [h]) => {
      const given = s.step(xw, t);
      const a = s.add(s.part(given, 0, 1, 2), s.linear(h, w_rz!, b_rz));
      const [r, z] = [0, 1].map((k) => s.gate(F, s.part(a, k, 1)));
      const past = resetFirst ? s.linear(s.mul(r, h), w_n!, b_n) : s.mul(r, s.linear(h, w_n!, b_n));
      const n = s.gate(G, s.add(s.part(given, 2, 1), past));
      return [s.add(s.mul(s.oneMinus(z), n), s.mul(z, h))];
    });
    return { hs, h_n: state[0] };
  },
});

function refuse(operation: string, when: boolean, message: string): void {
  if (when) throw new FacegradError('bad-input', `${operation}: ${message}`, { operation });
}
