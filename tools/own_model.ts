import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FacegradError } from '../src/gpu/errors';
import { SYSTEMS, type AnySystem } from '../src/nn/systems';
import { MODEL_VARIABLE } from './own_systems';

/** What `--model` comes to: the networks that there are, and the one that is asked for. */
export interface ChosenModel {
  systems: readonly AnySystem[];
  /** Undefined without `--model`. */
  chosen?: AnySystem;
  /** Of a file, for a run's folder. */
  path?: string;
}

/**
 * Loads the file that `--model` names, and has every page and process that this one starts load it too.
 * @throws FacegradError `bad-input` for an unknown name, or a file that does not export a network
 */
export async function openModel(model?: string): Promise<ChosenModel> {
  if (!model) return { systems: SYSTEMS };
  const builtIn = SYSTEMS.find(({ name }) => name === model);
  if (builtIn) return { systems: SYSTEMS, chosen: builtIn };
  const path = resolve(model);
  if (!existsSync(path)) {
    throw new FacegradError('bad-input', `--model ${model}: neither a network's name nor a file`, {
      available: SYSTEMS.map(({ name }) => name),
    });
  }
  process.env[MODEL_VARIABLE] = path;
  const { default: own } = (await import(/* @vite-ignore */ path)) as {
    default?: Partial<AnySystem>;
  };
  if (typeof own?.name !== 'string' || typeof own.build !== 'function') {
    throw new FacegradError(
      'bad-input',
      `${model} must export its network as the default: export default defineSystem({ … })`,
    );
  }
  if (SYSTEMS.some(({ name }) => name === own.name)) {
    throw new FacegradError('bad-input', `${model}: the name ${own.name} is already taken`);
  }
  return { systems: [...SYSTEMS, own as AnySystem], chosen: own as AnySystem, path };
}
