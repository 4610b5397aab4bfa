import { describe, expect, it } from 'vitest';
import type { Box } from '../../app/live/geometry';
import { placeLabels } from '../../app/live/labels';
import { RandomStream } from '../../src/data/random';

const PICTURE = { width: 700, height: 500 };
const HEIGHT = 25;

describe('labels', () => {
  it('stand above their boxes where there is room', () => {
    const box = { x: 200, y: 200, width: 80, height: 80 };
    expect(placeLabels([box], [100], HEIGHT, PICTURE)).toEqual([{ x: 200, y: 171 }]);
  });

  it('neither cover one another nor leave the picture, however close the faces are', () => {
    const random = new RandomStream(1, 0, 0, 0);
    const boxes: Box[] = Array.from({ length: 32 }, () => {
      const side = random.between(10, 150);
      const x = random.between(-20, PICTURE.width - side);
      return { x, y: random.between(-20, 200), width: side, height: side };
    });
    const widths = boxes.map(() => random.between(90, 140));
    const places = placeLabels(boxes, widths, HEIGHT, PICTURE);
    const labels = places.map((place, i) => ({ ...place!, width: widths[i] }));
    for (const [i, a] of labels.entries()) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.y).toBeGreaterThanOrEqual(0);
      expect(a.x + a.width).toBeLessThanOrEqual(PICTURE.width);
      expect(a.y + HEIGHT).toBeLessThanOrEqual(PICTURE.height);
      for (const b of labels.slice(i + 1)) {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || Math.abs(a.y - b.y) >= HEIGHT;
        expect(apart, JSON.stringify([a, b])).toBe(true);
      }
    }
  });

  it('that find no room are left out', () => {
    const box = { x: 0, y: 0, width: 50, height: 20 };
    const places = placeLabels([box, box], [90, 90], HEIGHT, { width: 100, height: 40 });
    expect(places[0]).toBeDefined();
    expect(places[1]).toBeUndefined();
  });
});
