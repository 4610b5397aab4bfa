/** The networks that are built in, by name. */
import { FacegradError } from '../../gpu/errors';
import { checkNetworkConfig, Network, type NetworkConfig } from '../network';
import { cnnLstm, modelConfig, PRESETS, type Preset } from './cnn_lstm';
import { linear } from './linear';
import { residual } from './residual';
import { alexnet } from './alexnet';
import { center } from './center';
import { contrastive } from './contrastive';
import { dnnrl } from './dnnrl';
import { efficientnetLite } from './efficientnet_lite';
import { googlenet } from './googlenet';
import { improvedSoftmax } from './improved_softmax';
import { l2Svm } from './l2_svm';
import { lbpSvm } from './lbp_svm';
import { miniXception } from './mini_xception';
import { mobilenet } from './mobilenet';
import { resnet } from './resnet';
import { shcnn } from './shcnn';
import { stream } from './stream';
import { triplet } from './triplet';
import { vgg } from './vgg';
import type { System } from './system';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each system has options of its own
export type AnySystem = System<any>;

export const SYSTEMS: readonly AnySystem[] = [
  cnnLstm,
  residual,
  linear,
  alexnet,
  center,
  contrastive,
  dnnrl,
  efficientnetLite,
  googlenet,
  improvedSoftmax,
  l2Svm,
  lbpSvm,
  miniXception,
  mobilenet,
  resnet,
  shcnn,
  stream,
  triplet,
  vgg,
];

/** @throws FacegradError `bad-input` for a name that none of them has */
export function systemOf(name: string, systems: readonly AnySystem[] = SYSTEMS): AnySystem {
  const system = systems.find((one) => one.name === name);
  if (!system) {
    throw new FacegradError(
      'bad-input',
      `unknown network ${name}; if it is one of your own, give its code as well (--model FILE)`,
      { wanted: name, available: systems.map(({ name }) => name) },
    );
  }
  return system;
}

/** A system's defaults with changes, checked. @throws FacegradError `bad-input` naming the setting */
export function systemConfig<C extends NetworkConfig>(
  system: System<C>,
  changes: Partial<C> & Pick<C, 'classes'>,
): C {
  const config = { kind: 'system', name: system.name, ...system.defaults, ...changes } as C;
  checkSystemConfig(config, [system]);
  return config;
}

/**
 * The configuration that a name stands for, with changes: a preset of the paper's network, or a system's defaults with
 * the seven expressions. @throws FacegradError `bad-input` naming the setting
 */
export function namedConfig(
  name: string,
  changes: Partial<NetworkConfig> & Record<string, unknown> = {},
  systems?: readonly AnySystem[],
): NetworkConfig {
  if (Object.hasOwn(PRESETS, name)) return modelConfig(name as Preset, changes);
  const { classes } = PRESETS.small;
  return systemConfig(systemOf(name, systems), { classes, ...changes });
}

/** @throws FacegradError `bad-input` for the first setting that cannot be, or an unknown network */
export function checkSystemConfig(config: NetworkConfig, systems?: readonly AnySystem[]): void {
  checkNetworkConfig(config);
  systemOf(config.name, systems).check?.(config);
}

/**
 * The network of a configuration.
 * @param requiresGrad `last` freezes every layer but the last
 * @throws as `checkSystemConfig`
 */
export function createNetwork(
  config: NetworkConfig,
  systems?: readonly AnySystem[],
  requiresGrad: 'all' | 'last' = 'all',
): Network {
  checkSystemConfig(config, systems);
  const module = systemOf(config.name, systems).build(config);
  if (requiresGrad === 'last') {
    const last = lastLayer(config, systems);
    for (const [name, parameter] of module.named()) parameter.requiresGrad &&= last.has(name);
  }
  return new Network(module, config);
}

/** Names of the tensors that a network has for its classes: those that one class more makes larger. */
export function lastLayer(config: NetworkConfig, systems?: readonly AnySystem[]): Set<string> {
  const system = systemOf(config.name, systems);
  const shapes = (classes: readonly string[]) =>
    [...system.build({ ...config, classes }).named()].map(([name, { shape }]) => ({
      name,
      shape: shape.join(),
    }));
  const larger = shapes([...config.classes, '']);
  return new Set(
    shapes(config.classes)
      .filter(({ shape }, i) => shape !== larger[i].shape)
      .map(({ name }) => name),
  );
}

/** A configuration as files had it before there were systems: it was the paper's network, or one of somebody's own. */
export function upgradeConfig(config: object): NetworkConfig {
  const { kind } = config as Partial<NetworkConfig>;
  if (kind === 'system') return config as NetworkConfig;
  const identity = { kind: 'system', name: kind === undefined ? cnnLstm.name : 'network' } as const;
  return { ...identity, streams: ['raw'], ...config, ...identity } as object as NetworkConfig;
}
