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
  const config = parseFact(metadata.model, name, 'model configuration') as ModelConfig;
  if ((config as { kind?: unknown }).kind === 'network') {
    throw new FacegradError(
      'bad-input',
      `${name} holds the weights of a network of one's own, which only its module can run: readSafetensors, and import of the Network`,
      { wanted: 'a built-in model', available: 'network' },
    );
  }
  checkModelConfig(config);
  for (const { name: tensor, data } of tensors.values()) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new FacegradError('bad-input', `${name}: ${tensor} is ${data[bad]} at element ${bad}`);
    }
  }
  const provenance = parseFact(metadata.provenance ?? '{}', name, 'provenance') as Provenance;
  return { tensors, metadata, config, provenance };
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
    throw new FacegradError('bad-input', `${file}: the ${what} is no JSON object`);
  }
  return value;
}
