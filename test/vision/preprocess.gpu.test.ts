import { beforeAll, describe, expect, it } from 'vitest';
import { f32 } from '../../src/kernels/kernel';
import { EQUALIZATION_PRESETS } from '../../src/kernels/histogram_equalization';
import * as cannyReference from '../../src/kernels/reference/canny';
import * as distances from '../../src/kernels/reference/distance_transform';
import { enhanced } from '../../src/kernels/reference/edge_enhancement';
import { histogramEqualizationForward } from '../../src/kernels/reference/histogram_equalization';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import type { Gpu } from '../../src/gpu/device';
import {
  canny,
  distanceTransform,
  edgeDefaults,
  preprocess,
  type PreprocessConfig,
  type StreamKind,
} from '../../src/vision/preprocess';
import { testGpu } from '../support/gpu';
import { blank, brightPixel, checkerboard, face, noise, spiral, stack, type Draw } from './images';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** Records, runs, and reads what `record` returns. */
async function run(
  [width, height]: [number, number],
  rules: Draw[],
  record: (tape: Tape, images: Value) => Value,
): Promise<{ shape: number[]; data: number[]; result: number[]; dispatches: number }> {
  const shape = [rules.length, height, width];
  const data = stack(width, height, ...rules);
  const storage = new Storage(gpu);
  const images = state('images', f32(shape));
  storage.write(images, Float32Array.from(data));
  const tape = new Tape(gpu.capabilities);
  const value = record(tape, images);
  const kept = state('kept', value.spec);
  for (const { values } of tape.dispatches) {
    for (const name of Object.keys(values)) if (values[name] === value) values[name] = kept;
  }
  const plan = await Plan.compile(tape, storage);
  plan.run();
  const result = Array.from(await storage.read(kept));
  const dispatches = plan.dispatchCount;
  plan.dispose();
  storage.dispose();
  return { shape, data, result, dispatches };
}

const stream = (kind: StreamKind, config?: PreprocessConfig) => (tape: Tape, images: Value) =>
  preprocess(tape, images, kind, config);

const pictures = [face, spiral, noise(1), checkerboard, brightPixel];
const blanks = [0, 127, 255].map(blank);

/** What the edge stream must give, before rounding. */
function edgeStream(shape: number[], data: number[], config: PreprocessConfig['edges'] = {}) {
  const settings = { ...edgeDefaults(shape[1], shape[2]), ...config };
  const gradient = { shape, data: cannyReference.cannyGradient({ shape, data }) };
  const edges = { shape, data: cannyReference.cannyEdges(gradient, settings) };
  return enhanced({ shape, data }, edges, settings);
}

describe('preprocess', () => {
  it.each(['paper', 'wthe', 'he'] as const)('equalized, preset %s', async (preset) => {
    const { shape, data, result, dispatches } = await run(
      [48, 48],
      pictures,
      stream('equalized', { equalization: { preset } }),
    );
    const expected = histogramEqualizationForward({ shape, data }, EQUALIZATION_PRESETS[preset]);
    const tolerance = preset === 'wthe' ? 1 : 0;
    result.forEach((value, i) =>
      expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance),
    );
    expect(dispatches).toBe(1);
  });

  it.each([
    ['48x48', [48, 48], {}],
    ['96x96', [96, 96], {}],
    ['odd', [33, 57], { chamfer: '5-7-11' }],
    ['map', [48, 48], { mode: 'map', chamfer: '1-1' }],
    ['other thresholds', [40, 40], { highPercentile: 0.7, lowRatio: 0.2, radius: 5.5 }],
  ] as [string, [number, number], PreprocessConfig['edges']][])(
    'edges agree with the full transforms, %s',
    async (_, size, edges) => {
      const given = await run(size, pictures, stream('edges', { edges }));
      const expected = edgeStream(given.shape, given.data, edges);
      given.result.forEach((value, i) => {
        expect(Number.isInteger(value)).toBe(true);
        expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(0.5 + 2e-3);
      });
      expect(given.dispatches).toBe(3);
    },
  );

  it('leaves blank images alone, and maps them to 0', async () => {
    for (const record of [stream('equalized'), stream('edges')]) {
      const { data, result } = await run([48, 48], blanks, record);
      expect(result).toEqual(data);
    }
    const map = await run([48, 48], blanks, stream('edges', { edges: { mode: 'map' } }));
    expect(map.result.every((value) => value === 0)).toBe(true);
  });

  it('raw is the image itself', () => {
    const images = state('images', f32([1, 4, 4]));
    const tape = new Tape();
    expect(preprocess(tape, images, 'raw')).toBe(images);
    expect(tape.dispatches).toHaveLength(0);
  });

  it('survives the smallest images', async () => {
    for (const kind of ['equalized', 'edges'] as const) {
      for (const size of [
        [1, 1],
        [1, 9],
        [9, 1],
        [2, 3],
      ] as [number, number][]) {
        const { result } = await run(size, [noise(3), noise(4)], stream(kind));
        expect(result.every((value) => value >= 0 && value <= 255)).toBe(true);
      }
    }
  });

  it('names what it does not know', () => {
    const images = state('images', f32([1, 4, 4]));
    expect(() => preprocess(new Tape(), images, 'other' as StreamKind)).toThrow(/other/);
    expect(() =>
      preprocess(new Tape(), images, 'equalized', { equalization: { preset: 'x' as 'he' } }),
    ).toThrow(/x/);
  });
});

describe('distanceTransform', () => {
  it.each(['euclidean', 'squared', '3-4', '5-7-11', '1-1'] as const)('%s', async (metric) => {
    const { shape, data, result } = await run([40, 30], [face, blank(9)], (tape, images) =>
      distanceTransform(tape, canny(tape, images), metric),
    );
    const gradient = { shape, data: cannyReference.cannyGradient({ shape, data }) };
    const edges = { shape, data: cannyReference.cannyEdges(gradient, edgeDefaults(30, 40)) };
    const squared = distances.squaredDistance(edges);
    const expected =
      metric === 'squared'
        ? squared
        : metric === 'euclidean'
          ? squared.map(Math.sqrt)
          : distances.chamferDistance(edges, metric);
    result.forEach((value, i) => expect(value / expected[i] || 1).toBeCloseTo(1, 6));
    expect(result[result.length - 1]).toBeCloseTo(metric === 'squared' ? 4900 : 70, 3);
  });
});
