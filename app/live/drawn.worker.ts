/** Draws persons that do not exist, each going from rest to an expression: too slow for the page's thread. */
import { syntheticSequences } from '../../src/data/synthetic';

export interface DrawnRequest {
  person: number;
  size: number;
  frames: number;
}

/** Sequences one after another, and for each picture the expression that it shows. */
export interface Drawn {
  images: Uint8Array;
  shows: string[];
}

addEventListener('message', ({ data: { person, size, frames } }: MessageEvent<DrawnRequest>) => {
  const { images, labels, classes } = syntheticSequences({
    seed: 1 + person,
    count: 7,
    size,
    frames,
    identities: 1,
    firstIdentity: person,
  });
  const shows = Array.from(labels, (label) => classes[label]);
  postMessage({ images, shows } satisfies Drawn, { transfer: [images.buffer] });
});
