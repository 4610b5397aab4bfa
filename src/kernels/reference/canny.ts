interface Images {
  shape: readonly number[];
  data: ArrayLike<number>;
}

const BLUR = [1, 4, 6, 4, 1];
const SOBEL_SMOOTH = [1, 2, 1];
const SOBEL_STEP = [-1, 0, 1];

/** Blur 5x5, then Sobel 3x3, of the image continued by its outermost pixels; divided by 8 towards zero. */
function sobel(
  image: (x: number, y: number) => number,
  x: number,
  y: number,
  wx: number[],
  wy: number[],
) {
  let sum = 0;
  for (let j = 0; j < 3; j++) {
    for (let i = 0; i < 3; i++) {
      if (wx[i] * wy[j] === 0) continue;
      let blurred = 0;
      for (let v = 0; v < 5; v++) {
        for (let u = 0; u < 5; u++) {
          blurred += BLUR[u] * BLUR[v] * image(x + i - 1 + u - 2, y + j - 1 + v - 2);
        }
      }
      sum += wx[i] * wy[j] * blurred;
    }
  }
  return Math.trunc(sum / 8);
}

/** (gx^2 + gy^2) * 4 + sector. */
export function cannyGradient({ shape, data }: Images): Float64Array {
  const [images, height, width] = shape;
  const gradient = new Float64Array(images * height * width);
  for (let n = 0; n < images; n++) {
    const first = n * height * width;
    const image = (x: number, y: number) => {
      const column = Math.min(Math.max(x, 0), width - 1);
      const row = Math.min(Math.max(y, 0), height - 1);
      return data[first + row * width + column];
    };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const gx = sobel(image, x, y, SOBEL_STEP, SOBEL_SMOOTH);
        const gy = sobel(image, x, y, SOBEL_SMOOTH, SOBEL_STEP);
        const ax = Math.abs(gx) * 13573;
        const ay = Math.abs(gy) * 32768;
        let sector = gx < 0 === gy < 0 ? 1 : 3;
        if (ay < ax) sector = 0;
        else if (ay > Math.abs(gx) * 79109) sector = 2;
        gradient[first + y * width + x] = (gx * gx + gy * gy) * 4 + sector;
      }
    }
  }
  return gradient;
}

/** Rounds down to 6 significant bits. */
function sixBits(value: number): number {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, value))) - 5);
  return Math.floor(value / unit) * unit;
}

const AHEAD = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
];

/** Percentile thresholds, non-maximum suppression and hysteresis by a stack. */
export function cannyEdges(
  { shape, data }: Images,
  { highPercentile, lowRatio }: { highPercentile: number; lowRatio: number },
): Float64Array {
  const [images, height, width] = shape;
  const pixels = height * width;
  const edges = new Float64Array(images * pixels);
  for (let n = 0; n < images; n++) {
    const first = n * pixels;
    const squares = Array.from({ length: pixels }, (_, i) => Math.floor(data[first + i] / 4));
    const sorted = [...squares].sort((a, b) => a - b);
    const rank = Math.max(1, Math.ceil(highPercentile * pixels));
    const high = Math.max(1, sixBits(sorted[rank - 1]));
    const ratio = Math.round(lowRatio ** 2 * 65536);
    const low = Math.max(1, Math.floor((high * ratio) / 65536));
    const at = (x: number, y: number) =>
      x < 0 || y < 0 || x >= width || y >= height ? 0 : squares[y * width + x];
    const candidate = squares.map((value, i) => {
      const x = i % width;
      const y = Math.floor(i / width);
      const [dx, dy] = AHEAD[data[first + i] % 4];
      return value >= low && value > at(x + dx, y + dy) && value >= at(x - dx, y - dy);
    });
    const stack = squares.flatMap((value, i) => (candidate[i] && value >= high ? [i] : []));
    for (const i of stack) edges[first + i] = 1;
    while (stack.length > 0) {
      const i = stack.pop()!;
      for (let y = Math.floor(i / width) - 1; y <= Math.floor(i / width) + 1; y++) {
        for (let x = (i % width) - 1; x <= (i % width) + 1; x++) {
          const j = y * width + x;
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          if (!candidate[j] || edges[first + j]) continue;
          edges[first + j] = 1;
          stack.push(j);
        }
      }
    }
  }
  return edges;
}
