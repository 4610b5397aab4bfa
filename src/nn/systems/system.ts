import type { Module, Output } from '../module';
import type { NetworkConfig } from '../network';
import type { Value } from '../../tape/value';

/** The fields that a network's configuration has beside its kind, name and classes, which are not a system's to choose. */
type Settings<C extends NetworkConfig> = Omit<C, 'kind' | 'name' | 'classes'>;

/** A network by name: how a configuration becomes a module. Plain code; what it needs stands in the configuration. */
export interface System<C extends NetworkConfig = NetworkConfig> {
  /** As in `--model` and in weights files. */
  name: string;
  /** What it is, in a line for lists. */
  about: string;
  /** What a configuration leaves out. */
  defaults: Settings<C>;
  /** @throws FacegradError `bad-input` for the first option that cannot be */
  check?(config: C): void;
  build(config: C): Module<Value | Output>;
}

/** The fields that every network has, as far as a system does not say them. */
const USUAL = {
  streams: ['raw'],
  frames: { mode: 'still', count: 1 },
} satisfies Partial<NetworkConfig>;

/**
 * A system from its name, defaults and module. Options of its own go beside `size` in the defaults, and come back
 * in the configuration that `build` is given.
 */
export function defineSystem<Options extends { size: number }>(system: {
  name: string;
  about?: string;
  defaults: Options & Partial<Settings<NetworkConfig>>;
  check?(config: NetworkConfig & NoInfer<Options>): void;
  build(config: NetworkConfig & Options): Module<Value | Output>;
}): System<NetworkConfig & Options> {
  const { about = 'a network of your own', defaults } = system;
  const whole = { ...USUAL, ...defaults } as object as Settings<NetworkConfig & Options>;
  return { ...system, about, defaults: whole };
}
