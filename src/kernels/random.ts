/** The hash that every random number comes from (PCG's output function): 32 bits to 32 bits. */
export function pcg(value: number): number {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul(((state >>> ((state >>> 28) + 4)) ^ state) >>> 0, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/**
 * A random u32 that depends on nothing but its arguments, so that a run can be repeated and resumed
 * exactly. The WGSL files repeat this function; this is its twin for the host.
 * @param stream a number per use: a layer, an augmentation
 */
export function random(seed: number, step: number, stream: number, element: number): number {
  return pcg(element + pcg(stream + pcg(step + pcg(seed))));
}

/** Uniform in [0, 1), with 24 bits. */
export function randomUniform(seed: number, step: number, stream: number, element: number): number {
  return (random(seed, step, stream, element) >>> 8) / 16777216;
}
