import { describe, expect, it } from 'vitest';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';
import { createNetwork, lastLayer, namedConfig, SYSTEMS } from '../../src/nn/systems';
import { modelConfig } from '../../src/nn/systems/cnn_lstm';
import { configFor, tensorsFor } from '../../src/train/transfer';
import { memoryStorage } from '../support/memory_storage';

const config = modelConfig('tiny');
const two = { ...syntheticFaces({ seed: 1, count: 4 }), classes: ['calm', 'cross'] };

describe('the network of some weights, for other data', () => {
  it('has the classes of the data, and its frames', () => {
    expect(configFor(config, two)).toEqual({ ...config, classes: ['calm', 'cross'] });
    const sequences = syntheticSequences({ seed: 1, count: 7, frames: 3 });
    const moving = configFor(config, sequences);
    expect(moving.frames).toEqual({ mode: 'sequence', count: 3 });
    expect(configFor(moving, two).frames).toEqual({ mode: 'still', count: 1 });
    const views = { mode: 'views', count: 2 } as const;
    expect(configFor({ ...config, frames: views }, two).frames).toEqual(views);
  });

  it('takes everything but the last layer where the classes are others', async () => {
    const network = createNetwork(config);
    const storage = memoryStorage();
    network.initialize(storage, 1);
    const tensors = new Map((await network.export(storage)).map((each) => [each.name, each]));
    const kept = (classes: readonly string[]) => [
      ...tensorsFor({ config, tensors }, classes).keys(),
    ];
    expect(kept(config.classes)).toEqual([...tensors.keys()]);
    const without = [...tensors.keys()].filter((name) => !name.startsWith('classifier.'));
    expect(kept(two.classes)).toEqual(without);
    // As many, but others: the shape alone would fit.
    expect(kept([...config.classes].reverse())).toEqual(without);
  });
});

it.each(SYSTEMS.map(({ name }) => name))(
  '%s has a last layer, which alone is trained when the others are frozen',
  (name) => {
    const config = namedConfig(name);
    const last = lastLayer(config);
    expect(last.size).toBeGreaterThan(0);
    const { parameters, frozen } = createNetwork(config, SYSTEMS, 'last').arenas;
    const whole = createNetwork(config).arenas.parameters;
    expect(parameters.entries.map(({ name }) => name)).toEqual([...last].filter(isTrained(whole)));
    expect(parameters.count + frozen.count).toBe(whole.count);
  },
);

const isTrained =
  ({ entries }: { entries: readonly { name: string }[] }) =>
  (name: string) =>
    entries.some((entry) => entry.name === name);
