import { describe, expect, it } from 'vitest';
import { decodeBmp } from '../../src/data/bmp';
import { bmpOf, fiveBits } from './bmp_fixtures';

const [WIDTH, HEIGHT] = [11, 5]; // rows of no whole words
const pixel = (x: number, y: number) => [23 * x, 60 * y, 255 - 20 * x, 255 - 50 * y];

function decoded(...[depth, options]: [number, Parameters<typeof bmpOf>[4]?]) {
  const { width, height, data } = decodeBmp(bmpOf(depth, WIDTH, HEIGHT, pixel, options), 'x.bmp');
  expect([width, height, data.length]).toEqual([WIDTH, HEIGHT, WIDTH * HEIGHT * 4]);
  return data;
}

const wanted = (of: (rgba: number[]) => number[]) =>
  Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    of(pixel(i % WIDTH, Math.floor(i / WIDTH))),
  ).flat();

describe('a bmp', () => {
  it.each([1, 4, 8])('of %i bits, with a palette', (depth) => {
    const steps = 2 ** depth - 1;
    const grey = (value: number) => Math.round((255 * Math.round((value / 255) * steps)) / steps);
    expect([...decoded(depth)]).toEqual(wanted(([r]) => [grey(r), grey(r), grey(r), 255]));
  });

  it('of 16 bits', () => {
    expect([...decoded(16)]).toEqual(
      wanted(([r, g, b]) => [fiveBits(r), fiveBits(g), fiveBits(b), 255]),
    );
  });

  it.each([24, 32])('of %i bits, upwards and downwards', (depth) => {
    const solid = wanted(([r, g, b]) => [r, g, b, 255]);
    expect([...decoded(depth)]).toEqual(solid);
    expect([...decoded(depth, { downwards: true })]).toEqual(solid);
  });

  it('with masks, of which one is for alpha', () => {
    expect([...decoded(32, { fields: true })]).toEqual(wanted((rgba) => rgba));
  });

  it('with an alpha that nothing was written to is solid', () => {
    const bmp = bmpOf(32, WIDTH, HEIGHT, (x, y) => pixel(x, y).slice(0, 3), { fields: true });
    expect([...decodeBmp(bmp, 'x').data]).toEqual(wanted(([r, g, b]) => [r, g, b, 255]));
  });
});
