import { expect, it } from 'vitest';
import { Viewer } from '../../app/train/viewer';
import { syntheticFaces } from '../../src/data/synthetic';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { testGpu } from '../support/gpu';

it('follows a pixel of a feature map back to the products behind it', async () => {
  const faces = syntheticFaces({ seed: 1, count: 14 });
  const config = trainConfig('tiny', { epochs: 1, batch: 7 });
  const trainer = await Trainer.create(await testGpu(), config, { training: faces });
  const viewer = new Viewer(trainer, { training: faces, shown: faces });
  for await (const event of trainer.run()) void event; // running statistics that are none of the beginning's
  const { layers } = await viewer.features(0);
  expect(layers.map(({ name, open }) => [name, open])).toEqual(
    [1, 2, 3].flatMap((b) => [
      [`equalized, block ${b}`, true],
      [`edges, block ${b}`, true],
    ]),
  );
  for (const layer of layers.keys()) {
    for (const [map, y, x] of [
      [0, 0, 0],
      [7, 3, 4],
      [5, 5, 5],
    ]) {
      const pixel = { layer, map, y, x };
      const { arithmetic, layers: shown } = await viewer.features(3, pixel);
      const { weights, places, norm, value, ...rest } = arithmetic!;
      expect(rest.pixel).toEqual(pixel);
      expect(weights).toHaveLength([1, 8, 16][layer >> 1]);
      const pooled = places.map(({ windows, sum }) => {
        const products = windows.flatMap((window, c) => window.map((v, i) => v * weights[c][i]));
        expect(products).toHaveLength(25 * weights.length);
        expect(products.reduce((a, b) => a + b)).toBeCloseTo(sum, 4);
        return ((sum - norm.mean) / norm.deviation) * norm.gamma + norm.beta;
      });
      expect(Math.max(0, ...pooled)).toBeCloseTo(value, 4);
      const { width, height, pixels } = shown[layer].maps;
      expect([rest.width, rest.height]).toEqual([width, height]);
      const drawn = pixels[(map * height + y) * width + x];
      expect(drawn > 0).toBe(value > 0);
    }
  }
  viewer.dispose();
  trainer.dispose();
});
