import { random } from '../support/random';

/** A drawing rule: the value at (x, y) of a width x height image. */
export type Draw = (x: number, y: number, width: number, height: number) => number;

/** Whole numbers 0..255, row by row. */
export function draw(width: number, height: number, rule: Draw): number[] {
  return Array.from({ length: width * height }, (_, i) =>
    Math.max(0, Math.min(255, Math.round(rule(i % width, Math.floor(i / width), width, height)))),
  );
}

/** White noise over levels `low` to `high`. */
export function noise(seed: number, low = 0, high = 255): Draw {
  const next = random(seed);
  return () => low + Math.floor(next() * (high - low + 1));
}

export const blank =
  (level: number): Draw =>
  () =>
    level;
export const brightPixel: Draw = (x, y, w, h) => (x === w >> 1 && y === h >> 1 ? 255 : 0);
export const checkerboard: Draw = (x, y) => ((x + y) % 2) * 255;
export const twoLevels: Draw = (x, _y, w) => (x < w / 2 ? 60 : 180);
export const ramp: Draw = (x, _y, w) => (255 * x) / Math.max(1, w - 1);
/** Lines that reach through the image, so that hysteresis has a long way to go. */
export const spiral: Draw = (x, y, w, h) => {
  const dx = x - w / 2;
  const dy = y - h / 2;
  const turn = (Math.hypot(dx, dy) / 6 - Math.atan2(dy, dx) / (2 * Math.PI)) % 1;
  return 100 + (turn < 0.5 ? 8 : 0) + (Math.hypot(dx, dy) < 5 ? 120 : 0);
};

/** A face of ellipses on a slanting light: head, eyes, brows, mouth. */
export const face: Draw = (x, y, w, h) => {
  const u = (x + 0.5) / w - 0.5;
  const v = (y + 0.5) / h - 0.5;
  const inside = (cx: number, cy: number, rx: number, ry: number) =>
    ((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2 < 1;
  let value = 50 + 30 * u;
  if (inside(0, 0, 0.38, 0.47)) value = 165 + 60 * u - 30 * v;
  for (const side of [-1, 1]) {
    if (inside(side * 0.16, -0.1, 0.08, 0.04)) value = 225;
    if (inside(side * 0.16, -0.1, 0.03, 0.035)) value = 30;
    if (inside(side * 0.17, -0.2, 0.1, 0.02)) value = 70;
  }
  if (inside(0, 0.24, 0.16, 0.05)) value = 95;
  return value;
};

/** One image after the other, as the data of a tensor [rules, height, width]. */
export function stack(width: number, height: number, ...rules: Draw[]): number[] {
  return rules.flatMap((rule) => draw(width, height, rule));
}
