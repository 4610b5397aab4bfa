import { describe, expect, it } from 'vitest';
import { centerLoss, contrastiveLoss, tripletLoss } from '../../src/eager';
import { array, expectClose } from '../support/property';
import { testGpu } from '../support/gpu';

type Rows = { shape: readonly number[]; data: Float32Array };

/** The gradient of a loss by every element, by central differences. */
function differences(rows: Rows, loss: () => number): number[] {
  return Array.from(rows.data, (x, i) => {
    const sides = [1, -1].map((sign) => {
      rows.data[i] = x + sign * 2 ** -10;
      return loss();
    });
    rows.data[i] = x;
    return (sides[0] - sides[1]) / 2 ** -9;
  });
}

const distance = (a: Rows, i: number, b: Rows, j: number, epsilon = 1e-6) => {
  const K = a.shape[1];
  let sum = 0;
  for (let k = 0; k < K; k++) sum += (a.data[i * K + k] - b.data[j * K + k] + epsilon) ** 2;
  return Math.sqrt(sum);
};
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const dy = { loss: { shape: [], data: [1] } };
const value = { absolute: 1e-6, relative: 1e-5 };
const slope = { absolute: 1e-3, relative: 1e-3 }; // of the differences

describe('losses on embeddings', () => {
  it('center', async () => {
    const gpu = await testGpu();
    const [features, centers] = [array([5, 3], 1), array([4, 3], 2)];
    const labels = { shape: [5], data: Uint32Array.of(0, 2, 2, 3, 0) };
    const expected = () =>
      mean([...labels.data].map((c, i) => distance(features, i, centers, c, 0) ** 2 / 2));
    const inputs = { features, labels, centers };
    expectClose('loss', (await centerLoss(gpu, inputs)).loss, [expected()], value);
    const found = await centerLoss.backward(gpu, inputs, dy);
    expectClose('dfeatures', found.features, differences(features, expected), slope);
    expectClose('dcenters', found.centers, differences(centers, expected), slope);
    expect([...found.centers!.data.slice(3, 6)]).toEqual([0, 0, 0]); // no sample of class 1
  });

  it('contrastive', async () => {
    const gpu = await testGpu();
    const [a, b] = [array([6, 4], 3), array([6, 4], 4)];
    const same = { shape: [6], data: Float32Array.of(1, 0, 0, 1, 0, 1) };
    const expected = () =>
      mean(
        [...same.data].map((s, i) => {
          const d = distance(a, i, b, i);
          return s === 1 ? d * d : Math.max(0, 1.5 - d) ** 2;
        }),
      );
    const inputs = { a, b, same };
    expectClose(
      'loss',
      (await contrastiveLoss(gpu, inputs, { margin: 1.5 })).loss,
      [expected()],
      value,
    );
    const found = await contrastiveLoss.backward(gpu, inputs, dy, { margin: 1.5 });
    expectClose('da', found.a, differences(a, expected), slope);
    expectClose('db', found.b, differences(b, expected), slope);
  });

  it.each([false, true])('triplet, squared: %s', async (squared) => {
    const gpu = await testGpu();
    const [anchor, positive, negative] = [5, 6, 7].map((seed) => array([6, 4], seed));
    const measure = (b: Rows, i: number) =>
      squared ? distance(anchor, i, b, i, 0) ** 2 : distance(anchor, i, b, i);
    const expected = () =>
      mean(
        Array.from({ length: 6 }, (_, i) =>
          Math.max(0, measure(positive, i) - measure(negative, i) + 0.5),
        ),
      );
    const inputs = { anchor, positive, negative };
    const attributes = { margin: 0.5, squared };
    expectClose('loss', (await tripletLoss(gpu, inputs, attributes)).loss, [expected()], value);
    const found = await tripletLoss.backward(gpu, inputs, dy, attributes);
    expectClose('danchor', found.anchor, differences(anchor, expected), slope);
    expectClose('dpositive', found.positive, differences(positive, expected), slope);
    expectClose('dnegative', found.negative, differences(negative, expected), slope);
  });
});
