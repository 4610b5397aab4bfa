import { FacegradError } from '../gpu/errors';
import { checkModelConfig, type ModelConfig } from '../nn/config';
import type { Model } from '../nn/model';
import type { Storage } from '../tape/storage';
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

/** A model's parameters and statistics, with the configuration inside: enough to run it. */
export async function writeWeights(
  model: Model,
  storage: Storage,
  provenance: Provenance,
  type: WeightType = 'F32',
): Promise<Uint8Array> {
  return writeSafetensors(
    await model.export(storage),
    {
      format: 'facegrad',
      model: JSON.stringify(model.config),
      provenance: JSON.stringify(provenance),
    },
    type,
  );
}

export interface Weights extends TensorFile {
  config: ModelConfig;
  provenance: Provenance;
}

/**
 * Reads a weights file and the configuration in it.
 * @throws FacegradError `bad-input` naming the file and what is wrong
 */
export function readWeights(file: Uint8Array, name = 'weights'): Weights {
  const { tensors, metadata } = readSafetensors(file, name);
  if (!metadata.model) {
    throw new FacegradError('bad-input', `${name} holds no model configuration`, {
      available: Object.keys(metadata),
    });
  }
  const config = JSON.parse(metadata.model) as ModelConfig;
  checkModelConfig(config);
  return { tensors, metadata, config, provenance: JSON.parse(metadata.provenance ?? '{}') };
}
