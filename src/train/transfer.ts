/** Training that starts from weights of other data: their network, with a last layer for the new classes. */
import type { ImageSet, SequenceSet } from '../data/dataset';
import type { NetworkConfig } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { lastLayer, type AnySystem } from '../nn/systems';
import { isSequences } from './batches';
import type { Weights } from './weights_file';

/** The network of some weights, for the classes and frames of other data. */
export function configFor(config: NetworkConfig, data: ImageSet | SequenceSet): NetworkConfig {
  let { frames } = config;
  if (isSequences(data)) frames = { mode: 'sequence', count: data.length };
  else if (frames.mode === 'sequence') frames = { mode: 'still', count: 1 };
  return { ...config, frames, classes: [...data.classes] };
}

/** What weights have for a network of these classes: everything, or everything but the last layer. */
export function tensorsFor(
  { config, tensors }: Pick<Weights, 'config' | 'tensors'>,
  classes: readonly string[],
  systems?: readonly AnySystem[],
): ReadonlyMap<string, NamedTensor> {
  if (config.classes.join() === classes.join()) return tensors;
  const last = [...lastLayer(config, systems)];
  const left = new Set(
    last.flatMap((name) => config.streams.map((stream) => name.replace('*', stream))),
  );
  return new Map([...tensors].filter(([name]) => !left.has(name)));
}
