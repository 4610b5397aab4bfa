/** The labels (bytes, unpacked) of the indices; 0xffffffff where the index is past the end. */
export function gatherLabelsForward(
  labels: ArrayLike<number>,
  indices: ArrayLike<number>,
): Uint32Array {
  return Uint32Array.from(indices, (index) => (index < labels.length ? labels[index] : 0xffffffff));
}
