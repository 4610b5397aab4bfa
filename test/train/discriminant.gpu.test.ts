import { describe, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { EXPRESSIONS } from '../../src/data/dataset';
import { systemConfig } from '../../src/nn/systems';
import { linear } from '../../src/nn/systems/linear';
import { Storage } from '../../src/tape/storage';
import { trainConfig } from '../../src/train/config';
import { closedForm } from '../../src/train/discriminant';
import { Evaluator } from '../../src/train/evaluator';
import { eigen, matrix, orthonormalRows, timesTransposed } from '../../src/train/linear_algebra';
import { predict } from '../../src/train/predictions';
import { Trainer } from '../../src/train/trainer';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { testGpu } from '../support/gpu';

const training = syntheticFaces({ seed: 1, count: 280, size: 16 });
const test = syntheticFaces({ seed: 2, count: 210, size: 16, firstIdentity: 1000 });

async function fit(changes: Partial<(typeof linear)['defaults']>) {
  const gpu = await testGpu();
  const model = systemConfig(linear, {
    size: 16,
    classes: EXPRESSIONS,
    components: 20,
    ...changes,
  });
  const config = trainConfig(model, { seed: 3 });
  const weights = readWeights(await closedForm(model)!(gpu, training, config, {}));
  const storage = new Storage(gpu);
  const evaluator = await Evaluator.create(loadNetwork(weights, storage), storage, test);
  const { accuracy } = await evaluator.evaluate();
  const predictions = predict(evaluator.last!, 7);
  evaluator.dispose();
  storage.dispose();
  return { accuracy, predictions, provenance: weights.provenance };
}

describe('discriminant analysis', () => {
  it('tells drawn faces apart', async () => {
    expect((await fit({ fit: 'lda', shrinkage: 0.1 })).accuracy).toBeGreaterThan(0.5);
  });

  it('of independent components is that of principal ones, to the last image', async () => {
    const pca = await fit({ fit: 'pca-lda' });
    const ica = await fit({ fit: 'ica-lda' });
    expect(ica.predictions).toEqual(pca.predictions);
    expect(pca.accuracy).toBeGreaterThan(0.4);
    expect(ica.provenance.iterations).toBeGreaterThan(1);
    expect((await fit({ fit: 'pca-lda', components: 5 })).predictions).not.toEqual(pca.predictions);
  });

  it('is not there for networks that are trained, and none of its own are', async () => {
    expect(closedForm(systemConfig(linear, { classes: EXPRESSIONS }))).toBeUndefined();
    const config = trainConfig(
      systemConfig(linear, { size: 16, classes: EXPRESSIONS, fit: 'lda' }),
      { batch: 14 },
    );
    const trainer = Trainer.create(await testGpu(), config, { training });
    await expect(trainer).rejects.toThrow(/linear with a fit is computed, not trained/);
  });
});

describe('linear algebra', () => {
  it('finds eigenvalues and vectors, and orthonormal rows', () => {
    const n = 6;
    const a = matrix(n, n);
    a.data.forEach(
      (_, i) =>
        (a.data[i] =
          Math.sin(1 + (i % n)) * Math.sin(1 + Math.floor(i / n)) + (i % (n + 1) ? 0 : i)),
    );
    const { values, vectors } = eigen(a);
    const diagonal = timesTransposed(timesTransposed(vectors, a), vectors).data;
    diagonal.forEach((x, i) => expect(x).toBeCloseTo(i % (n + 1) ? 0 : values[i % n], 9));
    expect([...values]).toEqual([...values].sort((x, y) => y - x));
    const rows = orthonormalRows({ rows: 3, columns: n, data: a.data.slice(0, 3 * n) });
    timesTransposed(rows, rows).data.forEach((x, i) => expect(x).toBeCloseTo(i % 4 ? 0 : 1, 12));
  });
});
