/// <reference types="vite/client" />

/** The same cases in every run, so that what fails is what was changed; VITE_SEED has others. */
export const SEED = Number(import.meta.env.VITE_SEED ?? 1);

/** A small seeded generator (mulberry32): the same numbers in Chrome and in Node. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `length` numbers in [-scale, scale), rounded to float32 so that GPU and reference get the same. */
export function uniform(length: number, seed = 1, scale = 1): Float64Array {
  const next = random(seed);
  return Float64Array.from({ length }, () => Math.fround((next() * 2 - 1) * scale));
}
