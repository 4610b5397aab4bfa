import { describe, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { SYSTEMS, systemConfig } from '../../src/nn/systems';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { Storage } from '../../src/tape/storage';
import { testGpu } from '../support/gpu';

/** Small enough for a software adapter; the rest is each system's own. */
const SMALL: Record<string, object> = {
  'cnn-lstm': { widths: [4, 8], dense: 8, hidden: 8 },
  residual: { widths: [4, 8] },
  shcnn: { widths: [4, 6, 8] },
  vgg: { widths: [4, 8] },
  alexnet: { widths: [4, 4, 6, 6, 4], dense: 8 },
  googlenet: { widths: [4, 8, 8] },
  resnet: { widths: [4, 8] },
  'mini-xception': { first: 4, widths: [4, 8] },
  mobilenet: { width: 1 / 16 },
  'efficientnet-lite': { width: 1 / 16, stages: 2 },
};
const STREAM = { widths: [4, 8], dense: 16, embedding: 8 };

const training = syntheticFaces({ seed: 1, count: 14, size: 24 });
const validation = syntheticFaces({ seed: 2, count: 7, size: 24, firstIdentity: 100 });

describe.each(SYSTEMS.map((system) => [system.name, system] as const))('%s', (name, system) => {
  const own = 'embedding' in system.defaults ? STREAM : SMALL[name];
  const model = systemConfig(system, { size: 24, classes: training.classes, ...own });

  it('takes two steps on drawn faces, and its weights are opened again', async () => {
    const gpu = await testGpu();
    const config = trainConfig(model, { batch: 7, epochs: 1, logEvery: 1, keep: 'last' });
    const trainer = await Trainer.create(gpu, config, { training, validation });
    const storage = new Storage(gpu);
    try {
      const { flat } = trainer.model.arenas.parameters;
      const before = await trainer.storage.read(flat);
      const losses: number[] = [];
      for await (const event of trainer.run()) {
        if (event.type === 'step') losses.push(event.loss);
      }
      expect(losses).toHaveLength(2);
      expect(losses.every((loss) => loss > 0 && Number.isFinite(loss))).toBe(true);
      expect(await trainer.storage.read(flat)).not.toEqual(before);
      const weights = readWeights(await trainer.weights());
      const again = loadNetwork(weights, storage);
      expect(again.config).toEqual(model);
      expect(await again.export(storage)).toEqual(await trainer.model.export(trainer.storage));
    } finally {
      storage.dispose();
      trainer.dispose();
    }
  });

  it('is described in docs/own-model.md', async () => {
    const page = await import('../../docs/own-model.md?raw');
    expect(page.default).toContain(`\`${name}\``);
  });
});
