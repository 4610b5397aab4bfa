import { expect, it } from 'vitest';
import type { Capabilities } from '../../src/gpu/device';
import { recordTraining } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { SHARED, trials } from '../../src/tape/trials';
import { neededBy } from '../../src/tape/variants';
import { trainConfig } from '../../src/train/config';
import type { Tape } from '../../src/tape/tape';

const shaders = (tapes: Tape[]) =>
  new Set(tapes.flatMap(({ dispatches }) => dispatches.map(({ kernel }) => kernel.shader)));

it.each([0, 4, 8, 32])('every fast kernel that a training runs is tried: %i lanes', (lanes) => {
  const capabilities = {
    features: new Set(lanes ? ['subgroups'] : []),
    limits: { maxStorageBufferBindingSize: 2 ** 27 },
    subgroupMinSize: lanes,
    subgroupMaxSize: lanes,
  } as unknown as Capabilities;
  const all = trials(capabilities);
  const plain = new Set([...SHARED, ...shaders(all.map(({ plain }) => plain.tape))]);
  const fast = shaders(all.flatMap(({ fast }) => Object.values(fast).map(({ tape }) => tape)));
  for (const preset of ['tiny', 'small', 'paper'] as const) {
    const { model, batch: samples } = trainConfig(preset, {});
    const record = (given: Capabilities) =>
      recordTraining(createNetwork(model), given, { samples });
    const run = [...shaders(record(capabilities))].filter(
      (shader) => fast.has(shader) && !plain.has(shader),
    );
    const needed = neededBy(record, capabilities);
    const tried = shaders(
      needed.flatMap(({ fast }) => Object.values(fast).map(({ tape }) => tape)),
    );
    expect(run.length).toBeGreaterThan(0);
    expect(run.filter((shader) => !tried.has(shader)).map(({ path }) => path)).toEqual([]);
    expect(needed.length).toBeLessThan(all.length);
  }
});
