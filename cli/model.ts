import { Option } from 'commander';
import type { NetworkConfig } from '../src/nn/network';
import { namedConfig, SYSTEMS, upgradeConfig, type AnySystem } from '../src/nn/systems';
import { parseFact, readWeights, withConfig } from '../src/train/weights_file';
import { readWhole } from './files';

/** `--model`: which network, where there is a choice; else the code of one that is not built in. */
export function modelOption(choice: boolean): Option {
  const names = SYSTEMS.map(({ name }) => name).join(', ');
  return choice
    ? new Option('--model <name or file>', `another network: ${names}, or a file with your own`)
    : new Option('--model <file>', 'the file with your own network, if the weights are for one');
}

/** `--config`: for weights that were saved without their configuration. */
export const configOption = (): Option =>
  new Option(
    '--config <file>',
    'the network’s configuration where the weights hold none: JSON, or weights that hold the same',
  );

/** A weights file's bytes, with the configuration of `--config` inside where one is given. */
export async function openWeights(
  path: string,
  configFile: string | undefined,
  systems: readonly AnySystem[],
): Promise<Uint8Array> {
  const weights = await readWhole(path);
  return configFile ? withConfig(weights, await readConfig(configFile, systems), path) : weights;
}

async function readConfig(file: string, systems: readonly AnySystem[]): Promise<NetworkConfig> {
  const bytes = await readWhole(file);
  if (file.endsWith('.safetensors')) return readWeights(bytes, file).config;
  const given = parseFact(new TextDecoder().decode(bytes), file, 'configuration');
  // As `train --config` takes it: a preset, and what differs from it.
  const { preset, model = {} } = given as { preset?: string; model?: object };
  return preset ? namedConfig(preset, { ...model }, systems) : upgradeConfig(given);
}
