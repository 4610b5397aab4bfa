interface Images {
  shape: readonly number[];
  data: ArrayLike<number>;
}

export interface ClaheOptions {
  clipLimit: number;
  tiles: readonly [x: number, y: number];
}

/** Rounds half to even. */
function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function tileOf([, height, width]: readonly number[], [tx, ty]: readonly [number, number]) {
  const divides = width % tx === 0 && height % ty === 0;
  return {
    height: (divides ? height : height + ty - (height % ty)) / ty,
    width: (divides ? width : width + tx - (width % tx)) / tx,
  };
}

/** Inside, mirrored at the first and last place, which are not repeated. */
function mirror(at: number, extent: number): number {
  if (extent === 1) return 0;
  while (at >= extent || at < 0) at = at < 0 ? -at : 2 * (extent - 1) - at;
  return at;
}

/** The histogram of tile t, counted along the rows of tiles of one image after another. */
function countsOf(
  { shape: [, H, W], data }: Images,
  tile: { height: number; width: number },
  [ty, tx]: readonly [number, number],
  t: number,
  levels: number,
): number[] {
  const n = Math.floor(t / (ty * tx));
  const [row, column] = [Math.floor(t / tx) % ty, t % tx];
  const counts = new Array<number>(levels).fill(0);
  for (let i = 0; i < tile.height * tile.width; i++) {
    const y = mirror(row * tile.height + Math.floor(i / tile.width), H);
    const x = mirror(column * tile.width + (i % tile.width), W);
    counts[data[(n * H + y) * W + x]]++;
  }
  return counts;
}

/** One table of 256 levels a tile, as OpenCV's createCLAHE makes them. */
export function claheTables({ shape, data }: Images, o: ClaheOptions): Float64Array {
  const [images] = shape;
  const [tx, ty] = o.tiles;
  const tile = tileOf(shape, o.tiles);
  const area = tile.height * tile.width;
  const limit = o.clipLimit > 0 ? Math.max(1, Math.floor((o.clipLimit * area) / 256)) : Infinity;
  const tables: number[] = [];
  for (let t = 0; t < images * ty * tx; t++) {
    const counts = countsOf({ shape, data }, tile, [ty, tx], t, 256);
    let clipped = 0;
    for (let k = 0; k < 256; k++) {
      clipped += Math.max(0, counts[k] - limit);
      counts[k] = Math.min(counts[k], limit);
    }
    let rest = clipped % 256;
    for (let k = 0; k < 256; k++) counts[k] += Math.floor(clipped / 256);
    const step = rest > 0 ? Math.max(1, Math.floor(256 / rest)) : 1;
    for (let k = 0; k < 256 && rest > 0; k += step, rest--) counts[k]++;
    let sum = 0;
    for (let k = 0; k < 256; k++) {
      sum += counts[k];
      // The product is float32's, as in OpenCV: on it hangs how a half rounds.
      tables.push(Math.min(255, roundEven(Math.fround(sum * Math.fround(255 / area)))));
    }
  }
  return Float64Array.from(tables);
}

/** Every pixel through the tables of the four tiles around it. */
export function claheApply(
  { shape, data }: Images,
  table: ArrayLike<number>,
  o: ClaheOptions,
): Float64Array {
  const [images, H, W] = shape;
  const [tx, ty] = o.tiles;
  const tile = tileOf(shape, o.tiles);
  const y = new Float64Array(images * H * W);
  for (let i = 0; i < y.length; i++) {
    const n = Math.floor(i / (H * W));
    const level = data[i];
    const between = (at: number, extent: number, tiles: number) => {
      const twice = 2 * at - extent; // place among the middles, in halves of a tile
      const first = Math.floor(twice / (2 * extent));
      const weight = twice - first * 2 * extent; // of the second, over 2 * extent
      return { tiles: [Math.max(0, first), Math.min(tiles - 1, first + 1)], weight };
    };
    const row = between(Math.floor(i / W) % H, tile.height, ty);
    const column = between(i % W, tile.width, tx);
    const entry = (a: number, b: number) =>
      table[((n * ty + row.tiles[a]) * tx + column.tiles[b]) * 256 + level];
    const wy = [2 * tile.height - row.weight, row.weight];
    const wx = [2 * tile.width - column.weight, column.weight];
    let sum = 0;
    for (const a of [0, 1]) for (const b of [0, 1]) sum += entry(a, b) * wy[a] * wx[b];
    y[i] = roundEven(sum / (4 * tile.height * tile.width));
  }
  return y;
}

export interface AdapthistOptions {
  kernelSize: readonly [rows: number, columns: number];
  clipLimit: number;
  bins: number;
}

const TOP = 16383;

/** The bin of every pixel. Levels are found in float32, as on them hangs what is counted. */
export function claheLevels({ shape, data }: Images, bins: number): Float64Array {
  const pixels = shape[1] * shape[2];
  const binSize = 1 + Math.floor((TOP + 1) / bins);
  return Float64Array.from({ length: shape[0] * pixels }, (_, i) => {
    const first = i - (i % pixels);
    let [low, high] = [Infinity, -Infinity];
    for (let p = first; p < first + pixels; p++) {
      low = Math.min(low, data[p]);
      high = Math.max(high, data[p]);
    }
    const scale = low < high ? Math.fround(TOP / Math.fround(high - low)) : 0;
    return Math.floor(roundEven(Math.fround(Math.fround(data[i] - low) * scale)) / binSize);
  });
}

/** Clips a histogram and gives what was clipped to the other bins, as scikit-image does. */
function clip(counts: number[], limit: number): void {
  let excess = 0;
  const to = (k: number, count: number) => {
    excess -= count - counts[k];
    counts[k] = count;
  };
  counts.forEach((count, k) => to(k, Math.min(count, limit)));
  const share = Math.floor(excess / counts.length);
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] < limit - share) to(k, counts[k] + share);
    if (counts[k] >= limit - share) to(k, limit);
  }
  for (let from = 0; excess > 0; from = (from + 1) % counts.length) {
    const open = counts.filter((count) => count < limit).length;
    if (open === 0) return;
    const step = Math.max(1, Math.floor(open / excess));
    for (let k = from; k < counts.length; k += step) if (counts[k] < limit) to(k, counts[k] + 1);
  }
}

/** One table of bins a tile, as scikit-image's equalize_adapthist makes them. */
export function claheBinsTables({ shape, data }: Images, o: AdapthistOptions): Float64Array {
  const [images, H, W] = shape;
  const [height, width] = o.kernelSize;
  const [ty, tx] = [Math.ceil(H / height), Math.ceil(W / width)];
  const area = height * width;
  const limit = o.clipLimit > 0 ? Math.max(1, Math.floor(o.clipLimit * area)) : area;
  const tables: number[] = [];
  for (let t = 0; t < images * ty * tx; t++) {
    const counts = countsOf({ shape, data }, { height, width }, [ty, tx], t, o.bins);
    clip(counts, limit);
    let sum = 0;
    for (const count of counts) {
      sum += count;
      tables.push(Math.min(TOP, Math.floor((sum * TOP) / area)));
    }
  }
  return Float64Array.from(tables);
}

/** Every pixel through the tables of the four tiles around it, stretched to 0..1. */
export function claheBinsApply(
  { shape, data }: Images,
  table: ArrayLike<number>,
  o: AdapthistOptions,
): Float64Array {
  const [images, H, W] = shape;
  const [height, width] = o.kernelSize;
  const [ty, tx] = [Math.ceil(H / height), Math.ceil(W / width)];
  const y = new Float64Array(images * H * W);
  for (let n = 0; n < images; n++) {
    const image = y.subarray(n * H * W, (n + 1) * H * W);
    for (let i = 0; i < image.length; i++) {
      const between = (at: number, extent: number, tiles: number) => {
        const place = at + Math.floor(extent / 2);
        const next = Math.floor(place / extent);
        return {
          tiles: [Math.max(0, next - 1), Math.min(tiles - 1, next)],
          weights: [extent - (place % extent), place % extent],
        };
      };
      const row = between(Math.floor(i / W), height, ty);
      const column = between(i % W, width, tx);
      let sum = 0;
      for (const a of [0, 1]) {
        for (const b of [0, 1]) {
          const tile = (n * ty + row.tiles[a]) * tx + column.tiles[b];
          const entry = table[tile * o.bins + data[n * H * W + i]];
          sum += entry * row.weights[a] * column.weights[b];
        }
      }
      image[i] = Math.floor(sum / (height * width));
    }
    const [low, high] = [Math.min(...image), Math.max(...image)];
    for (let i = 0; i < image.length; i++) {
      image[i] = low < high ? (image[i] - low) / (high - low) : Math.min(image[i], 1);
    }
  }
  return y;
}
