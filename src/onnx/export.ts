import { size } from '../kernels/kernel';
import { Model } from '../nn/model';
import type { NamedTensor } from '../nn/parameters';
import { OnnxGraph } from './file';
import type { Weights } from '../train/weights_file';

const EPS = 1e-5;

/**
 * The network of a weights file as ONNX (opset 17), for other programs to run. Inputs are the
 * preprocessed and standardized streams under their names (`equalized`, `edges`, `raw`), [N, 1, H, W];
 * a network of sequences takes [T, N, 1, H, W] and `lengths`, int32 [N]. Outputs are `logits` and
 * `probabilities`, [N, classes]. Configuration, classes and provenance are in the file's metadata.
 * @throws FacegradError `bad-input` when a tensor is missing or of another shape
 */
export function exportOnnx({
  config,
  tensors,
  provenance = {},
}: Pick<Weights, 'config' | 'tensors'> & Partial<Weights>): Uint8Array<ArrayBuffer> {
  const { arenas } = new Model(config);
  arenas.parameters.pack(tensors);
  arenas.statistics.pack(tensors);
  const graph = new OnnxGraph('facegrad');
  const constant = (name: string) => {
    const { shape, data } = tensors.get(name)!;
    return graph.constant(name, shape, data);
  };
  const linear = (name: string, x: string) =>
    graph.node('Gemm', `${name}.y`, [x, constant(`${name}.weight`), constant(`${name}.bias`)], {
      transB: 1,
    });

  const { widths, frames, dense, hidden, classes } = config;
  const sequence = frames.mode === 'sequence';
  const pictures = sequence ? [frames.count, 'N', 1] : ['N', 1];
  const features = config.streams.map((stream) => {
    const side = config.size;
    let x = graph.input(stream, [...pictures, side, side]);
    if (sequence) x = reshape(graph, x, [-1, 1, side, side]);
    widths.forEach((_, i) => {
      const block = `streams.${stream}.block${i + 1}`;
      x = graph.node('Conv', `${block}.conv.y`, [x, constant(`${block}.conv.weight`)], {
        kernel_shape: [5, 5],
        pads: [2, 2, 2, 2],
      });
      const norm = ['weight', 'bias', 'running_mean', 'running_var'];
      const inputs = [x, ...norm.map((part) => constant(`${block}.bn.${part}`))];
      x = graph.node('BatchNormalization', `${block}.bn.y`, inputs, { epsilon: { float: EPS } });
      x = graph.node('Relu', `${block}.relu.y`, [x]);
      x = graph.node('MaxPool', `${block}.y`, [x], { kernel_shape: [2, 2], strides: [2, 2] });
    });
    const fc = `streams.${stream}.fc`;
    x = graph.node('Flatten', `${fc}.x`, [x], { axis: 1 });
    return graph.node('Relu', `${fc}.relu.y`, [linear(fc, x)]);
  });

  let x: string;
  if (config.fusion === 'concat') {
    x = graph.node('Relu', 'fusion.relu.y', [linear('fusion', concat(graph, features, 1))]);
  } else {
    // The LSTM's steps, [T, N, features].
    if (frames.mode === 'streams') {
      const steps = features.map((feature) => reshape(graph, feature, [1, -1, dense]));
      x = concat(graph, steps, 0);
    } else {
      const length = sequence ? frames.count : 1;
      x = concat(graph, features, 1);
      x = reshape(graph, x, [length, -1, dense * features.length]);
    }
    const lengths = sequence ? graph.input('lengths', ['N'], 'int32') : '';
    const weights = lstmWeights(graph, tensors, hidden);
    x = graph.node('LSTM', ['', 'lstm.h_n'], [x, ...weights, lengths], { hidden_size: hidden });
    x = reshape(graph, x, [-1, hidden]);
  }
  const logits = graph.node('Identity', 'logits', [linear('classifier', x)]);
  graph.output(logits, ['N', classes.length]);
  graph.output(graph.node('Softmax', 'probabilities', [logits], { axis: 1 }), [
    'N',
    classes.length,
  ]);
  return graph.encode({
    model: JSON.stringify(config),
    classes: classes.join(','),
    provenance: JSON.stringify(provenance),
  });
}

function reshape(graph: OnnxGraph, x: string, shape: number[]): string {
  return graph.node('Reshape', `${x}.as`, [x, graph.integers(`${x}.shape`, shape)]);
}

function concat(graph: OnnxGraph, parts: string[], axis: number): string {
  return parts.length === 1 ? parts[0] : graph.node('Concat', 'features', parts, { axis });
}

/** ONNX has the gates in the order i o f c, and one tensor for both biases: W, R, B. */
function lstmWeights(
  graph: OnnxGraph,
  tensors: ReadonlyMap<string, NamedTensor>,
  hidden: number,
): string[] {
  const gates = (name: string) => {
    const { shape, data } = tensors.get(`lstm.${name}_l0`)!;
    const gate = hidden * size(shape.slice(1));
    const [i, f, g, o] = [0, 1, 2, 3].map((k) => data.subarray(k * gate, (k + 1) * gate));
    return { shape: [1, ...shape], data: joined([i, o, f, g]) };
  };
  const [w, r, a, b] = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map(gates);
  return [
    graph.constant('lstm.W', w.shape, w.data),
    graph.constant('lstm.R', r.shape, r.data),
    graph.constant('lstm.B', [1, 8 * hidden], joined([a.data, b.data])),
  ];
}

function joined(parts: Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
