import { describe, expect, it } from 'vitest';
import { browserName, fromHash, toHash, type Shared } from '../../app/bench/share';

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
    expect(fromHash(made(['d', 'a', 'b', [['p', 1, 2]]]))).toBeDefined();
  });
});

it('browsers are called by name and version', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
  expect(browserName(`${chrome} Chrome/156.0.0.0 Safari/537.36`)).toBe('Chrome 156');
  expect(browserName(`${chrome} Chrome/156.0.0.0 Safari/537.36 Edg/156.0`)).toBe('Edge 156');
  expect(browserName('Mozilla/5.0 Gecko/20100101 Firefox/153.0')).toBe('Firefox 153');
  expect(browserName('Mozilla/5.0 (Macintosh) Version/26.1 Safari/605.1.15')).toBe('Safari 26');
});
