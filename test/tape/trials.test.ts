import { expect, it } from 'vitest';
import type { Capabilities } from '../../src/gpu/device';
import { accumulate } from '../../src/kernels/add';
import { PLAIN, type Tuning } from '../../src/kernels/tuning';
import { winogradProductSubgroup } from '../../src/kernels/winograd';
import { recordNetwork, recordTraining, type Network } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { SHARED, trials } from '../../src/tape/trials';
import { neededBy } from '../../src/tape/variants';
import { trainConfig } from '../../src/train/config';
import type { Tape } from '../../src/tape/tape';

const shaders = (tapes: Tape[]) =>
  new Set(tapes.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel.shader)));

const withSubgroups = (lanes: number) =>
  ({
    features: new Set(lanes ? ['subgroups'] : []),
    limits: { maxStorageBufferBindingSize: 2 ** 27 },
    subgroupMinSize: lanes,
    subgroupMaxSize: lanes,
  }) as unknown as Capabilities;

/** What runs a network: a training, and a page that reads one face after another. */
const uses = {
  training: (network: Network, given: Capabilities, samples: number, tuning?: Tuning) =>
    recordTraining(network, given, { samples, tuning }),
  reading: (network: Network, given: Capabilities, _: number, tuning?: Tuning) => [
    recordNetwork(network, given, { samples: 1, fixed: true, tuning }),
  ],
};

it.each(Object.keys(uses).flatMap((use) => [0, 4, 8, 32].map((lanes) => [use, lanes] as const)))(
  'every fast kernel that runs is tried: %s, %i lanes',
  (use, lanes) => {
    const capabilities = withSubgroups(lanes);
    const all = trials(capabilities);
    // Winograd in parts adds gradients up, and has no other kernel for it.
    const single = [...SHARED, accumulate.shader];
    const plain = new Set([...single, ...shaders(all.map(({ plain }) => plain.tape))]);
    for (const preset of ['tiny', 'small', 'paper'] as const) {
      const { model, batch } = trainConfig(preset, {});
      const record = (given: Capabilities, tuning?: Tuning) =>
        uses[use as keyof typeof uses](createNetwork(model), given, batch, tuning);
      const readable = shaders(record(capabilities, PLAIN));
      const run = [...shaders(record(capabilities))].filter(
        (shader) => !readable.has(shader) && !plain.has(shader),
      );
      const needed = neededBy(record, capabilities);
      const tried = shaders(
        needed.flatMap(({ fast }) => Object.values(fast).map(({ tape }) => tape)),
      );
      expect(run.length).toBeGreaterThan(0);
      expect(run.filter((shader) => !tried.has(shader)).map(({ path }) => path)).toEqual([]);
      expect(needed.length).toBeLessThan(all.length);
    }
  },
);

it.each([4, 8])(
  'every form of Winograd’s product that a training runs is tried: %i lanes',
  (lanes) => {
    const capabilities = withSubgroups(lanes);
    const forms = (tapes: Tape[]) =>
      new Set(
        tapes
          .flatMap(({ dispatches }) => dispatches)
          .filter(({ kernel }) => kernel === winogradProductSubgroup)
          .map(({ kernel, inputs, attributes }) =>
            JSON.stringify(kernel.overrides!(inputs, attributes)),
          ),
      );
    for (const preset of ['tiny', 'small', 'paper'] as const) {
      const { model, batch: samples } = trainConfig(preset, {});
      const record = (given: Capabilities) =>
        recordTraining(createNetwork(model), given, { samples });
      const needed = neededBy(record, capabilities);
      const tried = forms(
        needed.flatMap(({ fast }) => Object.values(fast).map(({ tape }) => tape)),
      );
      const run = forms(record(capabilities));
      expect(run.size, preset).toBeGreaterThan(0);
      expect([...run].filter((form) => !tried.has(form))).toEqual([]);
    }
  },
);
