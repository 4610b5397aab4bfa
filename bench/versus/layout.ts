import { layoutOf, planeStride, storageSize, type TensorSpec } from '../../src/kernels/kernel';

type Numbers = Float32Array | Uint32Array | Int32Array;

/** Dense numbers in a tensor's physical layout, its border zero. */
export function toLayout<T extends Numbers>(spec: TensorSpec, dense: T): T {
  if (!spec.layout) return dense;
  const placed = new (dense.constructor as new (length: number) => T)(storageSize(spec));
  eachRow(spec, (from, to, width) => placed.set(dense.subarray(from, from + width), to));
  return placed;
}

/** The inverse. */
export function fromLayout<T extends Numbers>(spec: TensorSpec, placed: T): T {
  if (!spec.layout) return placed;
  const length = spec.shape.reduce((product, extent) => product * extent, 1);
  const dense = new (placed.constructor as new (length: number) => T)(length);
  eachRow(spec, (to, from, width) => dense.set(placed.subarray(from, from + width), to));
  return dense;
}

/** Calls `visit` with each row's first element when dense, where it lies, and its length. */
function eachRow(
  spec: TensorSpec,
  visit: (dense: number, placed: number, width: number) => void,
): void {
  const [height, width] = spec.shape.slice(-2);
  const { border, rowStride } = layoutOf(spec);
  const stride = planeStride(spec.shape, spec.layout);
  let dense = 0;
  for (let plane = 0; plane < storageSize(spec); plane += stride) {
    for (let y = 0; y < height; y++, dense += width) {
      visit(dense, plane + (y + border) * rowStride + border, width);
    }
  }
}
