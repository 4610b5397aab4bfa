/** ITU-R BT.601 luma of RGBA bytes, rounded, halves up. */
export function greyForward(rgba: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rgba.length / 4 }, (_, i) => {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    return Math.floor((299 * red + 587 * green + 114 * blue + 500) / 1000);
  });
}
