/** Draws persons that do not exist, each going from rest to an expression: too slow for the page's thread. */
import { syntheticSequences } from '../../src/data/synthetic';

export interface DrawnRequest {
  person: number;
  size: number;
  frames: number;
}

addEventListener('message', ({ data: { person, size, frames } }: MessageEvent<DrawnRequest>) => {
  const { images } = syntheticSequences({
    seed: 1 + person,
    count: 7,
    size,
    frames,
    identities: 1,
    firstIdentity: person,
  });
  postMessage(images, { transfer: [images.buffer] });
});
