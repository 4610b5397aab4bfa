import type { Box, Point } from './geometry';

/** Free pixels between two labels. */
const GAP = 3;

/**
 * Where the labels of boxes stand: above their boxes where they can, otherwise as near to that as there is room, so that
 * none covers another or leaves the picture. Undefined for a label that finds no room at all.
 */
export function placeLabels(
  boxes: readonly Box[],
  widths: readonly number[],
  height: number,
  picture: { width: number; height: number },
): (Point | undefined)[] {
  const placed: Box[] = [];
  return boxes.map((box, i) => {
    const width = widths[i];
    const ideal = { x: box.x, y: box.y - height - 4 };
    const place = candidates(ideal, width, height, picture).find(
      (at) => !placed.some((other) => overlap({ ...at, width, height }, other)),
    );
    if (place) placed.push({ ...place, width, height });
    return place;
  });
}

/** Places in the picture, the nearest first. */
function candidates(
  ideal: Point,
  width: number,
  height: number,
  picture: { width: number; height: number },
): Point[] {
  const within = (value: number, most: number) => Math.max(GAP, Math.min(value, most - GAP));
  const right = picture.width - width;
  const bottom = picture.height - height;
  const start = { x: within(ideal.x, right), y: within(ideal.y, bottom) };
  const places: Point[] = [start];
  const step = { x: width / 2, y: height + GAP };
  for (let x = start.x % step.x; x <= right - GAP; x += step.x) {
    for (let y = start.y % step.y; y <= bottom - GAP; y += step.y) {
      places.push({ x: within(x, right), y: within(y, bottom) });
    }
  }
  for (let y = start.y % step.y; y <= bottom - GAP; y += step.y) {
    places.push({ x: start.x, y: within(y, bottom) });
  }
  const far = ({ x, y }: Point) => Math.hypot(x - start.x, y - start.y);
  return places.sort((a, b) => far(a) - far(b));
}

function overlap(a: Box, b: Box): boolean {
  return (
    a.x < b.x + b.width + GAP &&
    b.x < a.x + a.width + GAP &&
    a.y < b.y + b.height + GAP &&
    b.y < a.y + a.height + GAP
  );
}
