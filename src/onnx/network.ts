import { f32, u32 } from '../kernels/kernel';
import type { Network } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { Pass } from '../nn/pass';
import { state } from '../tape/value';
import { OnnxGraph } from './file';
import { converters } from './operations';
import { TracingTape, Writer } from './trace';

/** One pass of inference over so many samples: what it applied, and the values it began and ended with. */
function trace({ root, config }: Network, samples: number, known: ReturnType<typeof converters>) {
  const { size, frames } = config;
  const count = frames.mode === 'sequence' ? frames.count : 1;
  const x = state('pictures', f32([count * samples, 1, size, size]));
  const lengths = count > 1 ? state('lengths', u32([samples])) : undefined;
  const tape = new TracingTape(known);
  const step = state('step', u32([64]));
  const logits = root.forward(new Pass(tape, false, step, samples, lengths), x);
  return { applied: tape.applied, x, lengths, logits };
}

/**
 * A network of one's own as ONNX (opset 17), for other programs to run: its forward pass is traced, so that any module
 * of known operations will do. Inputs are `pictures` [N, 1, size, size] with mean 0 and deviation 1 each (of
 * sequences [T * N, 1, size, size], frame t of sample n at t * N + n, and `lengths`, int32 [N]); outputs are
 * `logits` and `probabilities`, [N, classes]. Classes are in the file's metadata.
 * @param tensors of a weights file, or of `network.export`
 * @throws FacegradError `unsupported` for an operation that ONNX lacks, `bad-input` for weights that do not fit
 */
export function exportNetwork(
  network: Network,
  tensors: ReadonlyMap<string, NamedTensor>,
): Uint8Array<ArrayBuffer> {
  const { arenas, config } = network;
  arenas.parameters.pack(tensors);
  arenas.statistics.pack(tensors);
  const known = converters();
  const [one, other] = [2, 3].map((samples) => trace(network, samples, known));

  const graph = new OnnxGraph('facegrad');
  const onnx = new Writer(graph, tensors, known, one.applied, other.applied);
  const pictures = one.lengths ? 'pictures' : 'N';
  onnx.name(one.x, graph.input('pictures', [pictures, 1, config.size, config.size]));
  if (one.lengths) onnx.name(one.lengths, graph.input('lengths', ['N'], 'int32'));
  const logits = graph.node('Identity', 'logits', [onnx.get(one.logits)]);
  const shape = ['N', config.classes.length];
  graph.output(logits, shape);
  graph.output(graph.node('Softmax', 'probabilities', [logits], { axis: 1 }), shape);
  return graph.encode({ model: JSON.stringify(config), classes: config.classes.join(',') });
}
