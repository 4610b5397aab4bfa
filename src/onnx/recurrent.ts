import { gru } from '../tape/operations/gru';
import { lstm } from '../tape/operations/lstm';
import type { Value } from '../tape/value';
import type { AnyOperation, Applied } from './trace';
import type { Convert, Writer } from './writer';

/** Weights of a recurrent layer in ONNX's order of gates: W, R and B with an axis for the direction. */
function weights(onnx: Writer, { inputs }: Applied, order: readonly number[]): string[] {
  const { weight_ih, weight_hh, bias_ih, bias_hh } = inputs;
  const moved = (value: Value) => {
    const [{ data }] = onnx.tensors(value);
    const gate = data.length / order.length;
    return order.flatMap((k) => [...data.subarray(k * gate, (k + 1) * gate)]);
  };
  const [W, R] = [weight_ih!, weight_hh!].map((value) =>
    onnx.constant([1, ...value.shape], Float32Array.from(moved(value))),
  );
  if (!bias_ih && !bias_hh) return [W, R, ''];
  const none = new Array<number>(weight_hh!.shape[0]).fill(0);
  const both = [bias_ih, bias_hh].flatMap((value) => (value ? moved(value) : none));
  return [W, R, onnx.constant([1, both.length], Float32Array.from(both))];
}

const recurrent =
  (op: 'LSTM' | 'GRU', order: readonly number[]): Convert =>
  (onnx, { one }) => {
    const { inputs, outputs, attributes } = one;
    // The direction, of which there is one, is an axis of ONNX's state and outputs.
    const begin = (value?: Value) =>
      value && !attributes.zeroState ? onnx.node('Unsqueeze', [value, onnx.integers([0])]) : '';
    const given = [
      inputs.x!,
      ...weights(onnx, one, order),
      inputs.lengths ?? '',
      begin(inputs.h0),
      ...(op === 'LSTM' ? [begin(inputs.c0)] : []),
    ];
    const names = ['hs', 'h_n', ...(op === 'LSTM' ? ['c_n'] : [])];
    const read = names.map((name) => onnx.isRead(outputs[name]));
    const made = onnx.nodes(op, read, given, {
      hidden_size: inputs.weight_hh!.shape[1],
      direction: attributes.reverse ? 'reverse' : 'forward',
      ...(op === 'GRU' ? { linear_before_reset: attributes.resetFirst ? 0 : 1 } : {}),
    });
    const held = names.flatMap((name, i) => {
      if (!read[i]) return [];
      const axes = onnx.integers([name === 'hs' ? 1 : 0]);
      return [[name, onnx.node('Squeeze', [made[i], axes])]];
    });
    return Object.fromEntries(held) as Record<string, string>;
  };

/** An LSTM's only step, from zeros, as plain nodes: for programs whose GPU kernels include no LSTM. */
function singleStep(onnx: Writer, { inputs }: Applied): ReturnType<Convert> {
  const { x, weight_ih, bias_ih, bias_hh } = inputs;
  const [bias, second] = [bias_ih, bias_hh].flatMap((value) => (value ? onnx.tensors(value) : []));
  const sum = bias && bias.data.map((value, i) => value + (second?.data[i] ?? 0));
  const given = [onnx.streams(x!)[0], weight_ih!, ...(sum ? [onnx.constant(bias.shape, sum)] : [])];
  const gates = onnx.node('Gemm', given, { transB: 1 });
  const [i, , g, o] = onnx.nodes('Split', [true, true, true, true], [gates], { axis: 1 });
  const c = onnx.node('Mul', [onnx.node('Sigmoid', [i]), onnx.node('Tanh', [g])]);
  const h = onnx.node('Mul', [onnx.node('Sigmoid', [o]), onnx.node('Tanh', [c])]);
  return { hs: [h], h_n: h, c_n: c };
}

const gates = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2] }; // i f g o -> i o f c, and r z n -> z r h

export const RECURRENT: [AnyOperation, Convert][] = [
  [
    lstm,
    (onnx, step) => {
      const { inputs, attributes } = step.one;
      const zero = !inputs.h0 || attributes.zeroState;
      const single = [step.one, step.other].every((pass) => pass.inputs.x!.shape[0] === 1);
      return single && zero && !inputs.lengths
        ? singleStep(onnx, step.one)
        : recurrent('LSTM', gates.LSTM)(onnx, step);
    },
  ],
  [gru, recurrent('GRU', gates.GRU)],
];
