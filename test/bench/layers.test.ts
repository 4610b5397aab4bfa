import { describe, expect, it } from 'vitest';
import { flopsOf, layersOf, tensorsOf } from '../../bench/versus/layers';
import { PROBLEMS } from '../../bench/versus/problems';
import { size } from '../../src/kernels/kernel';
import { createNetwork, namedConfig } from '../../src/nn/systems';

const networks = PROBLEMS.flatMap(({ name }) => /^train (\S+)/.exec(name)?.[1] ?? []);

describe('the layers that other libraries are given', () => {
  it.each(networks)('are those of our network %s, by name and shape', (name) => {
    const config = namedConfig(name, { dropout: 0 });
    const tensors = tensorsOf(layersOf(config));
    const { parameters, statistics } = createNetwork(config).arenas;
    const named = new Map(
      Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        { name, shape: [...shape], data },
      ]),
    );
    for (const arena of [parameters, statistics]) arena.pack(named); // throws where one is missing
    const numbers = Object.values(tensors).reduce((sum, { shape }) => sum + size(shape), 0);
    expect(numbers).toBe(parameters.count + statistics.count);
  });

  it('are not made up for a network that nobody has described', () => {
    expect(() => layersOf(namedConfig('alexnet'))).toThrow(/alexnet/);
  });

  it('count the multiplications and additions of both sides of a residual block', () => {
    const config = namedConfig('resnet', { widths: [2, 4], size: 8 });
    const first = 2 * 9 * 2 * 64;
    const stage = 4 * (2 * 9 * 2 * 2 * 64);
    const shortcut = 2 * 2 * 4 * 16;
    const half = 2 * 9 * 2 * 4 * 16 + 3 * (2 * 9 * 4 * 4 * 16) + shortcut;
    const forward = first + stage + half + 2 * 4 * 7;
    expect(flopsOf(layersOf(config), 8)).toEqual({ forward, first });
  });

  it('count a depthwise convolution by its channels', () => {
    const layers = layersOf(namedConfig('mobilenet')).slice(0, 4);
    const { forward, first } = flopsOf(layers, 48);
    expect(first).toBe(2 * 9 * 8 * 24 * 24);
    expect(forward - first).toBe(2 * 9 * 8 * 24 * 24);
  });
});
