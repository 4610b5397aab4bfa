/** Counter-based random numbers: a function of seed and counters, the same on every machine. */

/** Mixes 32-bit integers into one evenly spread unsigned 32-bit integer. */
export function hash32(...words: number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) hash = mix(hash ^ mix(word + 0x85ebca6b));
  return hash;
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
    return mix(this.key ^ mix(this.counter++)) / 0x1_0000_0000;
  }

  /** Evenly spread in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** About normal with mean 0 and variance 1, within +-3.5: no logarithm, hence exact anywhere. */
  normal(): number {
    const sum = this.uniform() + this.uniform() + this.uniform() + this.uniform();
    return (sum - 2) * 1.7320508075688772;
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }
}

/** A bijection on 32-bit integers that spreads every bit (lowbias32 by C. Wellons). */
function mix(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
