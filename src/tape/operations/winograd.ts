import { accumulate } from '../../kernels/add';
import { winogradProductKernel, winogradRanges } from '../../kernels/conv_choice';
import type { Flipped, WinogradKernels } from '../../kernels/winograd';
import type { Tape } from '../tape';
import type { Value } from '../value';

type Map = readonly [number, number];

/**
 * y [G,N,O,H,W] of a frame x [G,N,C,rows,row], what the windows of the map H x W see, and weight [G,C,r,r,O]; or flipped
 * dx [G,N,C,H,W] of dy in place of x.
 */
export function winogradConvolution(
  tape: Tape,
  kernels: WinogradKernels,
  x: Value,
  weight: Value,
  map: Map,
  { flipped }: Flipped,
): Value {
  const [, images, channels] = x.shape;
  const [height, width] = map;
  const { filters } = tape.dispatch(kernels.weight, { weight }, { flipped });
  const most = Math.max(channels, filters.shape[2]);
  let y: Value | undefined;
  for (const range of winogradRanges(tape.capabilities, kernels, x.spec, map, most)) {
    const { transformed } = tape.dispatch(kernels.input, { x }, { ...range, map });
    const product = multiply(tape, filters, transformed);
    y = tape.dispatch(kernels.output, { product, y }, { ...range, images, height, width }).y;
  }
  return y!;
}

/** dweight [G,C,r,r,O] of a frame x [G,N,C,rows,row] and dy [G,N,O,H,W]. */
export function winogradWeightGradient(
  tape: Tape,
  kernels: WinogradKernels,
  x: Value,
  dy: Value,
  target: Value | undefined,
): Value {
  const map: Map = [dy.shape[3], dy.shape[4]];
  const most = Math.max(x.shape[2], dy.shape[2]);
  let dfilters: Value | undefined;
  for (const range of winogradRanges(tape.capabilities, kernels, x.spec, map, most)) {
    const { transformed } = tape.dispatch(kernels.input, { x }, { ...range, map });
    const { dproduct } = tape.dispatch(kernels.gradient, { dy }, range);
    const product = multiply(tape, transformed, dproduct);
    dfilters = dfilters ? tape.dispatch(accumulate, { y: dfilters, x: product }).y : product;
  }
  return tape.dispatch(kernels.weightGradient, { dfilters: dfilters!, dweight: target }).dweight;
}

function multiply(tape: Tape, left: Value, right: Value): Value {
  const { kernel, attributes } = winogradProductKernel(
    tape.capabilities,
    left.shape,
    right.shape[3],
  );
  return tape.dispatch(kernel, { left, right }, attributes).product;
}
