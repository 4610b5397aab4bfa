interface Images {
  shape: readonly number[];
  data: ArrayLike<number>;
}

/** Distance to the nearest edge pixel in the same column; H + W where the column has none. */
export function distanceTransformColumns({ shape, data }: Images): Float64Array {
  const [images, height, width] = shape;
  const vertical = new Float64Array(images * height * width).fill(height + width);
  for (let n = 0; n < images; n++) {
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        for (let v = 0; v < height; v++) {
          if (data[(n * height + v) * width + x] === 0) continue;
          const at = (n * height + y) * width + x;
          vertical[at] = Math.min(vertical[at], Math.abs(y - v));
        }
      }
    }
  }
  return vertical;
}

/** Squared Euclidean distance to the nearest edge pixel, over all of them; (H + W)^2 without edges. */
export function squaredDistance(
  { shape, data }: Images,
  [step_y, step_x]: readonly [number, number] = [1, 1],
): Float64Array {
  const [images, height, width] = shape;
  const pixels = height * width;
  const distance = new Float64Array(images * pixels).fill((height * step_y + width * step_x) ** 2);
  const found = new Uint8Array(images * pixels);
  for (let n = 0; n < images; n++) {
    for (let j = 0; j < pixels; j++) {
      if (data[n * pixels + j] === 0) continue;
      for (let i = 0; i < pixels; i++) {
        const dx = ((i % width) - (j % width)) * step_x;
        const dy = (Math.floor(i / width) - Math.floor(j / width)) * step_y;
        const at = n * pixels + i;
        distance[at] = found[at] ? Math.min(distance[at], dx * dx + dy * dy) : dx * dx + dy * dy;
        found[at] = 1;
      }
    }
  }
  return distance;
}

/** Steps of the first raster sweep by mask: dx, dy, cost. The second sweep takes the opposite ones. */
const STEPS: Record<string, [number, number, number][]> = {
  '3-4': [
    [-1, 0, 3],
    [-1, -1, 4],
    [0, -1, 3],
    [1, -1, 4],
  ],
  '5-7-11': [
    [-1, 0, 5],
    [-1, -1, 7],
    [0, -1, 5],
    [1, -1, 7],
    [-2, -1, 11],
    [-1, -2, 11],
    [1, -2, 11],
    [2, -1, 11],
  ],
  '1-1': [
    [-1, 0, 1],
    [-1, -1, 1],
    [0, -1, 1],
    [1, -1, 1],
  ],
};

/** Chamfer distance by two raster sweeps (Borgefors 1986), in pixels; H + W without edges. */
export function chamferDistance({ shape, data }: Images, mask: string): Float64Array {
  const [images, height, width] = shape;
  const steps = STEPS[mask];
  const side = steps[0][2];
  const cost = Float64Array.from(data, (edge) => (edge !== 0 ? 0 : Infinity));
  const relax = (n: number, x: number, y: number, sign: number) => {
    const at = (n * height + y) * width + x;
    for (const [dx, dy, step] of steps) {
      const u = x + sign * dx;
      const v = y + sign * dy;
      if (u < 0 || v < 0 || u >= width || v >= height) continue;
      cost[at] = Math.min(cost[at], cost[(n * height + v) * width + u] + step);
    }
  };
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) relax(n, x, y, 1);
    for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) relax(n, x, y, -1);
  }
  return cost.map((value) => (value === Infinity ? height + width : value / side));
}

/** Number of the nearest edge pixel, over all of them; the least of equals, 0xffffffff without edges. */
export function nearestEdge({ shape, data }: Images): Float64Array {
  const [images, height, width] = shape;
  const pixels = height * width;
  const index = new Float64Array(images * pixels).fill(0xffffffff);
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < pixels; i++) {
      let least = Infinity;
      for (let j = 0; j < pixels; j++) {
        if (data[n * pixels + j] === 0) continue;
        const dx = (i % width) - (j % width);
        const dy = Math.floor(i / width) - Math.floor(j / width);
        if (dx * dx + dy * dy >= least) continue;
        least = dx * dx + dy * dy;
        index[n * pixels + i] = j;
      }
    }
  }
  return index;
}

/** Two raster sweeps with any mask [K, K]: the upper half going down, the lower half going up. */
export function chamferSweeps(
  { shape, data }: Images,
  { side, costs, scale }: { side: number; costs: ArrayLike<number>; scale: number },
): Float64Array {
  const [images, height, width] = shape;
  const radius = (side - 1) / 2;
  const middle = (side * side - 1) / 2;
  const distance = Float64Array.from(data, (edge) => (edge !== 0 ? 0 : Infinity));
  const relax = (n: number, y: number, x: number, begin: number, end: number) => {
    const at = (n * height + y) * width + x;
    for (let k = begin; k < end; k++) {
      const v = y + Math.floor(k / side) - radius;
      const u = x + (k % side) - radius;
      if (u < 0 || v < 0 || u >= width || v >= height) continue;
      distance[at] = Math.min(distance[at], distance[(n * height + v) * width + u] + costs[k]);
    }
  };
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) relax(n, y, x, 0, middle);
    for (let y = height - 1; y >= 0; y--) {
      for (let x = width - 1; x >= 0; x--) relax(n, y, x, middle + 1, side * side);
    }
  }
  return distance.map((d) => (d === Infinity ? height + width : d * scale));
}
