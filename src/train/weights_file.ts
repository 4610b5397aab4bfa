import { FacegradError } from '../gpu/errors';
import { checkNetworkConfig, type Network, type NetworkConfig } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { createNetwork, upgradeConfig, type AnySystem } from '../nn/systems';
import type { Storage } from '../tape/storage';
import { recognise } from './recognise';
import { readSafetensors, writeSafetensors, type TensorFile, type WeightType } from './safetensors';

/** Where weights come from, as far as it is known. Stored beside them. */
export interface Provenance {
  data?: string;
  seed?: number;
  epoch?: number;
  adapter?: string;
  commit?: string;
  version?: string;
  [key: string]: string | number | undefined;
}

/** What a weights file says beside its tensors. */
export interface WeightFacts {
  /** The whole configuration of the network. */
  config: NetworkConfig;
  /** That of the training. */
  training?: object;
  provenance?: Provenance;
}

/** A weights file: a network's parameters and statistics, with the configuration inside; enough to run it. */
export function weightsFile(
  tensors: NamedTensor[],
  { config, training, provenance = {} }: WeightFacts,
  type: WeightType = 'F32',
): Uint8Array {
  return writeSafetensors(
    tensors,
    {
      format: 'facegrad',
      model: JSON.stringify(config),
      ...(training && { training: JSON.stringify(training) }),
      provenance: JSON.stringify(provenance),
    },
    type,
  );
}

/** The weights file of a network that lives in `storage`. */
export async function writeWeights(
  network: Network,
  storage: Storage,
  provenance: Provenance,
  type?: WeightType,
): Promise<Uint8Array> {
  return weightsFile(await network.export(storage), { config: network.config, provenance }, type);
}

export interface Weights extends TensorFile {
  config: NetworkConfig;
  provenance: Provenance;
}

/**
 * Reads a weights file and the configuration in it.
 * @throws FacegradError `bad-input` naming the file and what is wrong
 */
export function readWeights(file: Uint8Array, name = 'weights'): Weights {
  const { tensors, metadata } = readSafetensors(file, name);
  const config = metadata.model
    ? upgradeConfig(parseFact(metadata.model, name, 'network configuration'))
    : recognise(tensors, name);
  checkNetworkConfig(config);
  for (const { name: tensor, data } of tensors.values()) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new FacegradError('bad-input', `${name}: ${tensor} is ${data[bad]} at element ${bad}`);
    }
  }
  const provenance = parseFact(metadata.provenance ?? '{}', name, 'provenance') as Provenance;
  return { tensors, metadata, config, provenance };
}

/** A weights file with another configuration inside, or with one where PyTorch left it out. */
export function withConfig(file: Uint8Array, config: NetworkConfig, name = 'weights'): Uint8Array {
  const { tensors, metadata } = readSafetensors(file, name);
  return writeSafetensors(tensors.values(), { ...metadata, model: JSON.stringify(config) });
}

/** The network of a weights file, with the weights in `storage`. @throws FacegradError `bad-input` where they do not fit */
export function loadNetwork(
  { config, tensors }: Pick<Weights, 'config' | 'tensors'>,
  storage: Storage,
  systems?: readonly AnySystem[],
): Network {
  const network = createNetwork(config, systems);
  network.import(storage, tensors);
  return network;
}

/** A fact of a file's metadata, which is a JSON object. */
export function parseFact(text: string, file: string, what: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FacegradError('bad-input', `${file}: the ${what} is not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FacegradError('bad-input', `${file}: the ${what} is not a JSON object`);
  }
  return value;
}
