import { bordered, f32, type Kernel } from '../../src/kernels/kernel';
import {
  WINOGRAD,
  WINOGRAD_3X3,
  winogradProduct,
  winogradProductNarrowSubgroup,
  winogradProductSubgroup,
} from '../../src/kernels/winograd';
import type { BenchCase } from './case';

/** G, N, C, map, O and taps: large layers of the 96x96 model, one stream, then the 48x48 model's, and of one image; then of VGG and ResNet. */
const layers = [
  [1, 8, 64, 24, 128, 5],
  [1, 8, 128, 12, 128, 5],
  [2, 16, 16, 24, 32, 5],
  [2, 16, 32, 12, 64, 5],
  [2, 16, 64, 6, 96, 5],
  [2, 1, 32, 12, 64, 5],
  [2, 1, 64, 6, 96, 5],
  [2, 12, 8, 24, 16, 5],
  [1, 16, 64, 24, 64, 3],
  [1, 16, 128, 6, 128, 3],
];

/** Every dispatch of a layer with its weight gradient; its gradient by the input is forward on dy. */
export const cases = layers.flatMap(([G, N, C, W, O, taps]): BenchCase[] => {
  const name = `${G > 1 ? `${G}x` : ''}(${N},${C},${W},${W})->${O} ${taps}x${taps}`;
  const { input, weight, output, gradient, weightGradient } =
    taps === 3 ? WINOGRAD_3X3 : WINOGRAD[W === 6 ? 3 : 4];
  const range = { first: 0, count: N };
  const seen = { ...range, map: [W, W] as const };
  const x = f32([G, N, C, W + taps - 1, Math.ceil((W + taps - 1) / 4) * 4]);
  const dy = f32([G, N, O, W, W], bordered(W));
  const filter = f32([G, C, taps, taps, O]);
  const { transformed } = input.outputs({ x }, seen);
  const { filters } = weight.outputs({ weight: filter }, { flipped: false });
  const { dproduct } = gradient.outputs({ dy }, range);
  const attributes = { workgroupSize: 8 };
  const products: Kernel[] = [
    winogradProduct,
    winogradProductSubgroup,
    ...(transformed.shape[3] <= 64 ? [winogradProductNarrowSubgroup] : []),
  ];
  const { product } = winogradProduct.outputs({ left: filters, right: transformed }, attributes);
  const { product: dfilters } = winogradProduct.outputs(
    { left: transformed, right: dproduct },
    attributes,
  );
  return [
    { name, kernel: input, inputs: { x }, attributes: seen },
    { name, kernel: weight, inputs: { weight: filter }, attributes: { flipped: false } },
    ...products.map((kernel) => ({
      name,
      kernel,
      inputs: { left: filters, right: transformed },
      attributes,
    })),
    {
      name,
      kernel: output,
      inputs: { product },
      attributes: { ...range, images: N, height: W, width: W },
    },
    { name, kernel: gradient, inputs: { dy }, attributes: range },
    ...products.map((kernel) => ({
      name: `${name}, weight gradient`,
      kernel,
      inputs: { left: transformed, right: dproduct },
      attributes,
    })),
    { name, kernel: weightGradient, inputs: { dfilters } },
  ];
});
