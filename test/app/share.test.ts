import { describe, expect, it } from 'vitest';
import { barLength } from '../../app/bench/bars';
import { verdict } from '../../app/bench/outcome';
import { browserName, fromHash, toHash, type Shared } from '../../app/bench/share';
import { spread } from '../../bench/versus/statistics';
import type { Measurement } from '../../bench/versus/versus';

const shared: Shared = {
  date: '2026-11-30',
  adapter: 'Größe ÷ 2 “adapter”',
  browser: 'Chrome 156',
  results: [
    { problem: 'train small 16', ms: 1167.4321, gflops: 12.3456 },
    { problem: 'conv5x5 (8,64,24,24)->128', ms: 0.41, gflops: 900 },
  ],
};

describe('a result in a link', () => {
  it('comes out as it went in, to four digits', () => {
    const hash = toHash(shared);
    expect(hash).toMatch(/^#result=[\w-]+$/);
    const [first, second] = shared.results;
    expect(fromHash(hash)).toEqual({
      ...shared,
      results: [{ ...first, ms: 1167, gflops: 12.35 }, second],
    });
  });

  it('of a race keeps whose each time was', () => {
    const [ours] = shared.results;
    const race = { ...shared, results: [ours, { ...ours, ms: 5000, library: 'jax-js webgpu' }] };
    const libraries = fromHash(toHash(race))!.results.map(({ library }) => library);
    expect(libraries).toEqual([undefined, 'jax-js webgpu']);
  });

  it('that is cut off, empty or made up is none', () => {
    const made = (value: unknown) => `#result=${btoa(JSON.stringify(value))}`;
    expect(fromHash(toHash(shared).slice(0, -9))).toBeUndefined();
    expect(fromHash('')).toBeUndefined();
    expect(fromHash('#result=')).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', []]))).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', [['p', 1, 'x']]]))).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', [['p', -1, 2]]]))).toBeUndefined();
    expect(fromHash(made(['d', { a: 1 }, 'b', [['p', 1, 2]]]))).toBeUndefined();
    expect(fromHash(made(['d', 'a'.repeat(500), 'b', [['p', 1, 2]]]))).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', [['p', 1, 2, 3]]]))).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', [['p', 1, 2, 'l', 'm']]]))).toBeUndefined();
    expect(fromHash(made(['d', 'a', 'b', [['p', 1, 2]]]))).toBeDefined();
  });
});

describe('the outcome of a race', () => {
  const timed = (library: string, ms: number): Measurement => {
    return { problem: 'infer small 1', library, samples: [ms, ms], ms: spread([ms, ms]) };
  };
  const ours = timed('facegrad', 10);

  it('is said in words, whoever was faster', () => {
    const said = (ms: number) => verdict(timed('jax-js webgpu', ms), ours);
    expect(said(47)).toBe('took 4.7 times as long');
    expect(said(221)).toBe('took 22.1 times as long');
    expect(said(2.5)).toBe('was 4.0 times as fast');
    expect(said(10.2)).toBe('was as fast');
  });

  it('says why a library has no time', () => {
    const refused = { problem: 'train small 16', library: 'onnxruntime webgpu' };
    expect(verdict({ ...refused, refused: 'no gradients' }, ours)).toBe(
      'has no time (no gradients)',
    );
  });

  it('measures a bar beside those of the same problem', () => {
    const result = { problem: 'a', ms: 1, gflops: 2 };
    const race = [
      result,
      { ...result, gflops: 4, library: 'x' },
      { ...result, problem: 'b', gflops: 8 },
    ];
    expect(race.map((one) => barLength(one, race))).toEqual([0.5, 1, 1]);
    expect(barLength(result, [result, race[2]])).toBe(0.25);
  });
});

it('browsers are called by name and version', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
  expect(browserName(`${chrome} Chrome/156.0.0.0 Safari/537.36`)).toBe('Chrome 156');
  expect(browserName(`${chrome} Chrome/156.0.0.0 Safari/537.36 Edg/156.0`)).toBe('Edge 156');
  expect(browserName('Mozilla/5.0 Gecko/20100101 Firefox/153.0')).toBe('Firefox 153');
  expect(browserName('Mozilla/5.0 (Macintosh) Version/26.1 Safari/605.1.15')).toBe('Safari 26');
});
