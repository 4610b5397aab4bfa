import type { Network } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { createNetwork } from '../nn/systems';
import type { Weights } from '../train/weights_file';
import type { OnnxGraph } from './file';
import { converters } from './operations';
import { traces } from './trace';
import { Writer } from './writer';

/**
 * The graph from a network's standardized streams to `logits` [N, classes], with weights.
 * @throws FacegradError as `exportOnnx`
 */
export function networkGraph(
  network: Network,
  tensors: ReadonlyMap<string, NamedTensor>,
): OnnxGraph {
  const { arenas, config } = network;
  for (const arena of Object.values(arenas)) arena.pack(tensors);
  const known = converters();
  const passes = traces(network, known);
  const onnx = new Writer(network, tensors, known, passes);
  const { graph } = onnx;
  const logits = graph.node('Identity', 'logits', [onnx.get(passes[0].logits)]);
  graph.output(logits, ['N', config.classes.length]);
  return graph;
}

/**
 * A network with its weights as ONNX (opset 17), for other programs to run. Its forward pass is traced, so that any module
 * of known operations will do. Inputs are the preprocessed and standardized streams under their names
 * (`equalized`, `edges`, `raw`), [N, 1, size, size]; of sequences they are [T, N, 1, size, size], and `lengths`, int32 [N].
 * Outputs are `logits` and `probabilities`, [N, classes]. Configuration, classes and provenance are in the metadata.
 * @param network of one's own, where none of the built-in ones has this configuration
 * @throws FacegradError `unsupported` for an operation that ONNX lacks, `bad-input` for weights that do not fit
 */
export function exportOnnx(
  { config, tensors, provenance = {} }: Pick<Weights, 'config' | 'tensors'> & Partial<Weights>,
  network = createNetwork(config),
): Uint8Array<ArrayBuffer> {
  const graph = networkGraph(network, tensors);
  const { classes } = network.config;
  graph.output(graph.node('Softmax', 'probabilities', ['logits'], { axis: 1 }), [
    'N',
    classes.length,
  ]);
  return graph.encode({
    model: JSON.stringify(network.config),
    classes: classes.join(','),
    provenance: JSON.stringify(provenance),
  });
}
