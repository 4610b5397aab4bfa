import type { Detection } from './messages';
import type { Box } from './geometry';

/** Two boxes that share more than this, of what they cover together, are one face. */
const SAME_FACE = 0.3;
/** Neighbouring tiles share this part of their side: a face up to that size is whole in one of them. */
const SHARED = 0.3;

/**
 * The parts of a picture to search one by one, each to be scaled to `side`: squares of twice, four times … that
 * size as long as the picture is larger, and of that size itself. A detector that finds faces from a certain part
 * of its input on finds those of all sizes in one of them.
 */
export function tilesOf(width: number, height: number, side: number): Box[] {
  const tiles: Box[] = [];
  for (let size = side; size < Math.max(width, height); size *= 2) {
    for (const y of starts(height, size)) {
      for (const x of starts(width, size)) {
        tiles.push({ x, y, width: Math.min(size, width), height: Math.min(size, height) });
      }
    }
  }
  return tiles;
}

function starts(length: number, size: number): number[] {
  if (length <= size) return [0];
  const count = Math.ceil((length - size) / (size * (1 - SHARED))) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - size)) / (count - 1)));
}

/** Whether a face reaches over an edge of its tile that is none of the picture: another tile has it whole. */
export function isCut(face: Box, tile: Box, width: number, height: number): boolean {
  return (
    (face.x < tile.x && tile.x > 0) ||
    (face.y < tile.y && tile.y > 0) ||
    (face.x + face.width > tile.x + tile.width && tile.x + tile.width < width) ||
    (face.y + face.height > tile.y + tile.height && tile.y + tile.height < height)
  );
}

/** Every face once, as it was found most surely. */
export function mergeFaces(faces: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (!kept.some(({ box }) => intersectionOverUnion(box, face.box) > SAME_FACE)) kept.push(face);
  }
  return kept;
}

export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
