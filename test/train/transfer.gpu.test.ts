import { expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { readCheckpoint } from '../../src/train/checkpoint';
import { trainConfig } from '../../src/train/config';
import { Trainer, type CreateOptions } from '../../src/train/trainer';
import { configFor, tensorsFor } from '../../src/train/transfer';
import { readWeights } from '../../src/train/weights_file';
import { testGpu } from '../support/gpu';

const seven = syntheticFaces({ seed: 1, count: 28, size: 32 });
const labels = seven.labels.map((label) => label % 2);
const two = { ...seven, labels, classes: ['even', 'odd'] };

it('the last layer alone is trained where the others are frozen, also after a checkpoint', async () => {
  const gpu = await testGpu();
  const small = { size: 24, widths: [4, 6], dense: 8, hidden: 8 };
  const given = { epochs: 1, batch: 4, checkpointEvery: 3 };
  const before = await Trainer.create(gpu, trainConfig('tiny', { ...given, model: small }), {
    training: seven,
  });
  for await (const event of before.run()) void event;
  const weights = readWeights(await before.weights());
  const dispatches = before.plan.dispatchCount;
  before.dispose();

  const model = configFor(weights.config, two);
  const config = trainConfig(model, { ...given, requiresGrad: 'last' });
  const begin = (options: CreateOptions) =>
    Trainer.create(gpu, config, { training: two, validation: two }, options);
  const trainer = await begin({ weights: tensorsFor(weights, two.classes) });
  expect(trainer.plan.dispatchCount).toBeLessThan(0.7 * dispatches);
  let checkpoint: Uint8Array | undefined;
  for await (const event of trainer.run()) {
    if (event.type === 'left')
      expect(event.tensors).toEqual(['classifier.weight', 'classifier.bias']);
    if (event.type === 'checkpoint') checkpoint ??= await trainer.checkpoint();
  }
  const after = readWeights(await trainer.weights());
  const end = readCheckpoint(await trainer.checkpoint()).state;
  trainer.dispose();
  for (const { name, data } of weights.tensors.values()) {
    if (name.startsWith('classifier.') || name.includes('running')) continue;
    expect(after.tensors.get(name)!.data, name).toEqual(data);
  }
  expect(after.config.classes).toEqual(two.classes);
  expect(after.tensors.get('classifier.weight')!.shape).toEqual([2, 8]);

  // A checkpoint holds the frozen ones as well.
  const resumed = await begin({ checkpoint });
  for await (const event of resumed.run()) void event;
  expect(readCheckpoint(await resumed.checkpoint()).state).toEqual(end);
  resumed.dispose();
});
