import { accumulate } from '../../kernels/add';
import { winogradProductKernel, winogradRanges } from '../../kernels/conv_choice';
import { WINOGRAD, type Flipped, type WinogradTile } from '../../kernels/winograd';
import type { Tape } from '../tape';
import type { Value } from '../value';

/** y [G,N,O,H,W] of x [G,N,C,H,W] and weight [G,C,5,5,O], or flipped dx [G,N,C,H,W] of dy in place of x. */
export function winogradConvolution(
  tape: Tape,
  tile: WinogradTile,
  x: Value,
  weight: Value,
  { flipped }: Flipped,
): Value {
  const { weight: weightKernel, input, output } = WINOGRAD[tile];
  const [, images, channels, height, width] = x.shape;
  const { filters } = tape.dispatch(weightKernel, { weight }, { flipped });
  const most = Math.max(channels, filters.shape[2]);
  let y: Value | undefined;
  for (const range of winogradRanges(tape.capabilities, tile, x.spec, most)) {
    const { transformed } = tape.dispatch(input, { x }, range);
    const product = multiply(tape, filters, transformed);
    y = tape.dispatch(output, { product, y }, { ...range, images, height, width }).y;
  }
  return y!;
}

/** dweight [G,C,5,5,O] of x [G,N,C,H,W] and dy [G,N,O,H,W]. */
export function winogradWeightGradient(
  tape: Tape,
  tile: WinogradTile,
  x: Value,
  dy: Value,
  weight: Value,
): Value {
  const { input, gradient, weightGradient } = WINOGRAD[tile];
  const most = Math.max(x.shape[2], dy.shape[2]);
  let dfilters: Value | undefined;
  for (const range of winogradRanges(tape.capabilities, tile, x.spec, most)) {
    const { transformed } = tape.dispatch(input, { x }, range);
    const { dproduct } = tape.dispatch(gradient, { dy }, range);
    const product = multiply(tape, transformed, dproduct);
    dfilters = dfilters ? tape.dispatch(accumulate, { y: dfilters, x: product }).y : product;
  }
  const dweight = tape.destination(weight);
  return tape.dispatch(weightGradient, { dfilters: dfilters!, dweight }).dweight;
}

function multiply(tape: Tape, left: Value, right: Value): Value {
  const { kernel, attributes } = winogradProductKernel(tape.capabilities, right.shape[3]);
  return tape.dispatch(kernel, { left, right }, attributes).product;
}
