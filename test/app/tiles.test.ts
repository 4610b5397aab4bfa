import { describe, expect, it } from 'vitest';
import type { Box } from '../../app/live/geometry';
import { intersectionOverUnion, isCut, mergeFaces, tilesOf } from '../../app/live/tiles';

const [WIDTH, HEIGHT, SIDE] = [2048, 1536, 640];

describe('the tiles of a large picture', () => {
  it('are none where the picture is small', () => {
    expect(tilesOf(640, 480, SIDE)).toEqual([]);
  });

  it('hold every face whole in one of them, large enough to be found', () => {
    const tiles = tilesOf(WIDTH, HEIGHT, SIDE);
    expect(tiles.length).toBeLessThan(30);
    for (let face = 45; face < 380; face *= 1.3) {
      for (let x = 0; x + face <= WIDTH; x += 61) {
        for (let y = 0; y + face <= HEIGHT; y += 61) {
          const box = { x, y, width: face, height: face };
          const found = tiles.some(
            (tile) =>
              x >= tile.x &&
              y >= tile.y &&
              x + face <= tile.x + tile.width &&
              y + face <= tile.y + tile.height &&
              !isCut(box, tile, WIDTH, HEIGHT) &&
              (face * SIDE) / tile.width >= 40,
          );
          if (!found) expect.fail(`a face of ${face} at ${x}, ${y} is in no tile`);
        }
      }
    }
  });

  it('do not count a face at an inner edge, and do at the edge of the picture', () => {
    const tile = { x: 0, y: 448, width: 640, height: 640 };
    const at = (x: number, y: number): Box => ({ x, y, width: 100, height: 100 });
    expect(isCut(at(-5, 600), tile, WIDTH, HEIGHT)).toBe(false);
    expect(isCut(at(560, 600), tile, WIDTH, HEIGHT)).toBe(true);
    expect(isCut(at(200, 440), tile, WIDTH, HEIGHT)).toBe(true);
  });
});

describe('faces found twice', () => {
  const face = (x: number, score: number) => ({
    box: { x, y: 0, width: 100, height: 100 },
    points: [],
    score,
  });

  it('count once, as they were found most surely', () => {
    const merged = mergeFaces([face(0, 0.6), face(12, 0.9), face(300, 0.7)]);
    expect(merged.map(({ box, score }) => [box.x, score])).toEqual([
      [12, 0.9],
      [300, 0.7],
    ]);
  });

  it('are told by what they share', () => {
    const box = { x: 0, y: 0, width: 10, height: 10 };
    expect(intersectionOverUnion(box, box)).toBe(1);
    expect(intersectionOverUnion(box, { ...box, x: 5 })).toBeCloseTo(1 / 3);
    expect(intersectionOverUnion(box, { ...box, x: 10 })).toBe(0);
  });
});
