/** Counter-based random numbers: a function of seed and counters, the same on every machine. */
import { pcg } from '../kernels/random';

/** Mixes 32-bit integers into one evenly spread unsigned 32-bit integer. */
export function hash32(...words: number[]): number {
  return words.reduce((hash, word) => pcg(word + hash), 0);
}

/** FNV-1a of a string's UTF-16 units, as an unsigned 32-bit integer. */
export function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A sequence of numbers that depends on its key alone; numbers are drawn in order. */
export class RandomStream {
  private readonly key: number;
  private counter = 0;

  constructor(...key: number[]) {
    this.key = hash32(...key);
  }

  /** Evenly spread in [0, 1). */
  uniform(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** Evenly spread in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** About normal with mean 0 and variance 1, within +-3.5: no logarithm, hence exact anywhere. */
  normal(): number {
    const bits = this.next();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    return (sum - 510) / 147.8;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  private next(): number {
    return pcg(this.key ^ pcg(this.counter++));
  }
}
