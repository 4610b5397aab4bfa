/** The random u32 of an element, as the shaders draw it. */
function draw(seed: number, step: number, stream: number, element: number): number {
  const pcg = (v: number) => {
    const s = (Math.imul(v, 747796405) + 2891336453) >>> 0;
    const w = Math.imul(((s >>> ((s >>> 28) + 4)) ^ s) >>> 0, 277803737) >>> 0;
    return ((w >>> 22) ^ w) >>> 0;
  };
  return pcg((element + pcg((stream + pcg((step + pcg(seed)) >>> 0)) >>> 0)) >>> 0);
}

/** x / (1 - rate) or 0; the same function of the gradient is the backward pass. */
export function dropout(
  x: ArrayLike<number>,
  rate: number,
  { seed, step, stream }: { seed: number; step: number; stream: number },
): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) =>
    draw(seed, step, stream, i) >>> 8 >= Math.round(rate * 2 ** 24) ? x[i] / (1 - rate) : 0,
  );
}
