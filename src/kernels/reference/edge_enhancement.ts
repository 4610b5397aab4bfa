import { chamferDistance, squaredDistance } from './distance_transform';

interface Images {
  shape: readonly number[];
  data: ArrayLike<number>;
}

interface Attributes {
  mode: 'sharpen' | 'map';
  chamfer: string;
  radius: number;
  lambda: number;
  sigma: number;
}

/** w = max(0, 1 - (D_E + D_C) / 2R) from the full distance transforms. */
export function edgeWeight(edges: Images, { chamfer, radius }: Attributes): Float64Array {
  const euclidean = squaredDistance(edges);
  const city = chamferDistance(edges, chamfer);
  return euclidean.map((square, i) => Math.max(0, 1 - (Math.sqrt(square) + city[i]) / 2 / radius));
}

/** The enhanced image before it is rounded to whole numbers. */
export function enhanced(x: Images, edges: Images, attributes: Attributes): Float64Array {
  const { mode, lambda, sigma } = attributes;
  const weight = edgeWeight(edges, attributes);
  if (mode === 'map') return weight.map((w) => 255 * w);
  const [images, height, width] = x.shape;
  const reach = Math.min(24, Math.ceil(3 * sigma));
  const gauss = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = gauss.reduce((a, b) => a + b);
  const y = new Float64Array(images * height * width);
  for (let n = 0; n < images; n++) {
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < width; c++) {
        let blurred = 0;
        for (let v = -reach; v <= reach; v++) {
          for (let u = -reach; u <= reach; u++) {
            const row = Math.min(Math.max(r + v, 0), height - 1);
            const column = Math.min(Math.max(c + u, 0), width - 1);
            const share = (gauss[v + reach] * gauss[u + reach]) / (sum * sum);
            blurred += share * x.data[(n * height + row) * width + column];
          }
        }
        const at = (n * height + r) * width + c;
        const value = x.data[at] + lambda * weight[at] * (x.data[at] - blurred);
        y[at] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return y;
}

/** `enhanced`, rounded. */
export function edgeEnhancementForward(x: Images, edges: Images, attributes: Attributes) {
  return enhanced(x, edges, attributes).map((value) => Math.floor(value + 0.5));
}
