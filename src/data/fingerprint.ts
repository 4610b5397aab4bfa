import type { ImageSet, SequenceSet } from './dataset';
import { hash32, hashString } from './random';

/**
 * 64 bits that change with any pixel, label, class or sequence of a set, as hexadecimal: to tell that
 * a run goes on with the data it began with. Not for security.
 */
export function fingerprint(set: ImageSet | SequenceSet): string {
  const { width, height, count, classes, images, labels } = set;
  const facts = JSON.stringify([
    width,
    height,
    count,
    classes,
    'sequences' in set && set.sequences,
  ]);
  return [0x811c9dc5, 0x9747b28c]
    .map((seed) => hash32(hashString(facts), hashBytes(labels, seed), hashBytes(images, seed)))
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** FNV-1a over words of four bytes, the last filled up with zeros. */
function hashBytes(bytes: Uint8Array, seed: number): number {
  const whole = bytes.length & ~3;
  let hash = seed;
  for (let i = 0; i < whole; i += 4) {
    const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    // The rotation brings high bits down, which a product alone never does.
    hash = Math.imul(hash ^ word, 0x01000193);
    hash = (hash << 13) | (hash >>> 19);
  }
  for (let i = whole; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash ^ bytes.length) >>> 0;
}
