import type { Detection } from './messages';
import { distance, type Box } from './geometry';

/** A face that is followed from frame to frame. */
export interface Track {
  id: number;
  /** Its box, smoothed. */
  box: Box;
  /** Frames in a row that it was found in, and that it was missed in. */
  hits: number;
  misses: number;
  /** When it was found last, in ms. */
  seen: number;
}

export interface TrackerOptions {
  /** Faces that are followed at most; of more, the largest new ones. */
  most: number;
  /** Frames in a row that a face must be found in before it counts. */
  confirm: number;
}

/** What a face may be missed for, ms and frames, before it is lost: a blink of the detector. */
const HOLD_MS = 300;
const HOLD_FRAMES = 2;
/** Centres farther apart than this share of the face, or sizes more different, are another face. */
const FARTHEST = 0.75;
/** How long a box takes to follow a face that sits still, ms; one that moves is followed faster. */
const SMOOTHING_MS = 150;

/**
 * Matches the faces of a frame with those of the frame before: nearest first, each once. What is
 * matched keeps its number, what is missed stays for a while, what is new gets the next number.
 */
export function track(
  tracks: readonly Track[],
  detections: readonly Detection[],
  time: number,
  nextId: number,
  { most, confirm }: TrackerOptions,
): { tracks: Track[]; nextId: number } {
  const pairs = tracks.flatMap((known) =>
    detections.map((found) => ({ known, found, cost: difference(known.box, found.box) })),
  );
  const matches = new Map<Track, Detection>();
  const taken = new Set<Detection>();
  for (const { known, found, cost } of pairs.sort((a, b) => a.cost - b.cost)) {
    if (cost > FARTHEST || matches.has(known) || taken.has(found)) continue;
    matches.set(known, found);
    taken.add(found);
  }
  const next: Track[] = [];
  for (const known of tracks) {
    const found = matches.get(known);
    if (found) {
      const box = smooth(known.box, found.box, time - known.seen);
      next.push({ ...known, box, hits: known.hits + 1, misses: 0, seen: time });
    } else if (known.hits >= confirm && !isLost(known, time)) {
      next.push({ ...known, misses: known.misses + 1 });
    }
  }
  const fresh = detections.filter((found) => !taken.has(found)).sort((a, b) => area(b) - area(a));
  for (const { box } of fresh.slice(0, Math.max(0, most - next.length))) {
    next.push({ id: nextId++, box, hits: 1, misses: 0, seen: time });
  }
  return { tracks: next, nextId };
}

function isLost({ misses, seen }: Track, time: number): boolean {
  return misses + 1 >= HOLD_FRAMES && time - seen > HOLD_MS;
}

const area = ({ box }: Detection): number => box.width * box.height;

/** 0 for equal boxes; grows with the way between them and with the ratio of their sizes. */
function difference(a: Box, b: Box): number {
  return distance(a, b) + Math.abs(Math.log((a.width * a.height) / (b.width * b.height))) / 2;
}

/** Moves a box towards where the face was found. */
export function smooth(from: Box, to: Box, ms: number): Box {
  const motion = distance(from, to) + Math.abs(Math.log(to.width / from.width));
  const share = 1 - Math.exp((-ms * (1 + 20 * motion)) / SMOOTHING_MS);
  const mix = (a: number, b: number): number => a + share * (b - a);
  return {
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    width: mix(from.width, to.width),
    height: mix(from.height, to.height),
  };
}
