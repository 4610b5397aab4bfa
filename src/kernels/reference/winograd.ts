/** Winograd's F(m x m, r x r), from its points: the 1-D matrices, by their definition. */
export interface WinogradMatrices {
  /** Rows of n = m + r - 1 coefficients of the polynomials that vanish at all points but one. */
  inputRows: number[][];
  /** Rows of r powers of a point, divided by the product of its differences from the others. */
  filterRows: number[][];
  /** m rows of n powers. */
  outputRows: number[][];
}

/** m of the outputs and r of the taps. */
interface Form {
  tile: number;
  taps: number;
}

const POINTS = [0, 1, -1, 2, -2, 0.5, -0.5];

/** The matrices of F(m, r) for m + r - 2 finite points; infinity is the last. */
export function cookToom(m: number, r: number, points: number[]): WinogradMatrices {
  const n = points.length + 1;
  const product = (roots: number[]) =>
    roots.reduce(
      (polynomial, root) => {
        const next = [0, ...polynomial];
        polynomial.forEach((coefficient, i) => (next[i] -= root * coefficient));
        return next;
      },
      [1],
    );
  const inputRows = points.map((point) => [...product(points.filter((p) => p !== point)), 0]);
  inputRows.push(product(points));
  const filterRows = points.map((point) => {
    const others = points.filter((p) => p !== point);
    const scale = others.reduce((differences, p) => differences * (point - p), 1);
    return Array.from({ length: r }, (_, k) => point ** k / scale);
  });
  filterRows.push(Array.from({ length: r }, (_, k) => Number(k === r - 1)));
  const outputRows = Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => (j < n - 1 ? points[j] ** i : Number(i === m - 1))),
  );
  return { inputRows, filterRows, outputRows };
}

const transpose = (a: number[][]) => a[0].map((_, j) => a.map((row) => row[j]));
/** A zero of a matrix takes nothing, be it NaN. */
const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : a * b);
const multiply = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + times(value, b[k][j]), 0)));
/** a x a'. */
const around = (a: number[][], x: number[][]) => multiply(multiply(a, x), transpose(a));

const matrices = ({ tile, taps }: Form) => cookToom(tile, taps, POINTS.slice(0, tile + taps - 2));
const square = (n: number, at: (i: number, j: number) => number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => at(i, j)));

interface Range {
  first: number;
  count: number;
}

/** Calls `visit` for every tile of every channel: the images' plane that it lies on, its place there and its number. */
function forEachTile(
  [G, N, C, H, W]: readonly number[],
  tile: number,
  { first, count }: Range,
  visit: (g: number, c: number, t: number, plane: number, row: number, column: number) => void,
): number {
  const [down, across] = [Math.ceil(H / tile), Math.ceil(W / tile)];
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < count; n++) {
      for (let c = 0; c < C; c++) {
        for (let i = 0; i < down; i++) {
          for (let j = 0; j < across; j++) {
            const plane = (g * N + first + n) * C + c;
            visit(g, c, (n * down + i) * across + j, plane, i * tile, j * tile);
          }
        }
      }
    }
  }
  return Math.ceil((count * down * across) / 4) * 4;
}

/** transformed [G,P,C,T] = B' X B of the windows X that a map sees of x [G,N,C,rows,row], zeros past its rows and columns. */
export function winogradInput(
  x: ArrayLike<number>,
  [G, N, C, rows, columns]: readonly number[],
  form: Form,
  { map, ...range }: Range & { map: readonly [number, number] },
): Float64Array {
  const { tile, taps } = form;
  const n = tile + taps - 1;
  const seen = map[0] + taps - 1;
  const { inputRows } = matrices(form);
  const shape = [G, N, C, ...map];
  const T = forEachTile(shape, tile, range, () => undefined);
  const out = new Float64Array(G * n * n * C * T);
  forEachTile(shape, tile, range, (g, c, t, plane, row, column) => {
    const window = square(n, (i, j) => {
      const [y, z] = [row + i, column + j];
      return y < seen && z < columns ? x[(plane * rows + y) * columns + z] : 0;
    });
    around(inputRows, window)
      .flat()
      .forEach((value, p) => (out[((g * n * n + p) * C + c) * T + t] = value));
  });
  return out;
}

/** dproduct [G,P,T,O] = A Y A' of the tiles Y of dy [G,N,O,H,W], zeros outside. */
export function winogradGradient(
  dy: ArrayLike<number>,
  shape: readonly number[],
  form: Form,
  range: Range,
): Float64Array {
  const [G, , O, H, W] = shape;
  const { tile, taps } = form;
  const n = tile + taps - 1;
  const spread = transpose(matrices(form).outputRows);
  const T = forEachTile(shape, tile, range, () => undefined);
  const out = new Float64Array(G * n * n * T * O);
  forEachTile(shape, tile, range, (g, o, t, plane, row, column) => {
    const pixels = square(tile, (i, j) =>
      row + i < H && column + j < W ? dy[(plane * H + row + i) * W + column + j] : 0,
    );
    around(spread, pixels)
      .flat()
      .forEach((value, p) => (out[((g * n * n + p) * T + t) * O + o] = value));
  });
  return out;
}

/** The images of a range of y [G,N,O,H,W] = A' M A of product [G,P,O,T]; zeros elsewhere. */
export function winogradOutput(
  product: ArrayLike<number>,
  shape: readonly number[],
  form: Form,
  range: Range,
): Float64Array {
  const [G, N, O, H, W] = shape;
  const { tile, taps } = form;
  const n = tile + taps - 1;
  const { outputRows } = matrices(form);
  const T = forEachTile(shape, tile, range, () => undefined);
  const y = new Float64Array(G * N * O * H * W);
  forEachTile(shape, tile, range, (g, o, t, plane, row, column) => {
    const m = square(n, (i, j) => product[((g * n * n + i * n + j) * O + o) * T + t]);
    around(outputRows, m).forEach((values, i) => {
      values.forEach((value, j) => {
        if (row + i < H && column + j < W) y[(plane * H + row + i) * W + column + j] = value;
      });
    });
  });
  return y;
}

/** filters [G,P,O,C] = G w G' of weight [G,C,r,r,O], or flipped [G,P,C,O], of the filters rotated by 180 degrees. */
export function winogradWeight(
  weight: ArrayLike<number>,
  [G, C, , , O]: readonly number[],
  form: Form,
  flipped: boolean,
): Float64Array {
  const { tile, taps } = form;
  const positions = (tile + taps - 1) ** 2;
  const { filterRows } = matrices(form);
  const filters = new Float64Array(G * positions * C * O);
  for (let g = 0; g < G; g++) {
    for (let c = 0; c < C; c++) {
      for (let o = 0; o < O; o++) {
        const w = square(taps, (i, j) => {
          const tap = flipped ? taps ** 2 - 1 - taps * i - j : taps * i + j;
          return weight[((g * C + c) * taps ** 2 + tap) * O + o];
        });
        const [outer, inner, size] = flipped ? [c, o, O] : [o, c, C];
        around(filterRows, w)
          .flat()
          .forEach((value, p) => {
            filters[(g * positions + p) * C * O + outer * size + inner] = value;
          });
      }
    }
  }
  return filters;
}

/** dweight [G,C,r,r,O] = G' U G of dfilters [G,P,C,O]. */
export function winogradWeightGradient(
  dfilters: ArrayLike<number>,
  [G, , C, O]: readonly number[],
  form: Form,
): Float64Array {
  const { tile, taps } = form;
  const n = tile + taps - 1;
  const gather = transpose(matrices(form).filterRows);
  const dweight = new Float64Array(G * C * taps ** 2 * O);
  for (let g = 0; g < G; g++) {
    for (let c = 0; c < C; c++) {
      for (let o = 0; o < O; o++) {
        const u = square(n, (i, j) => dfilters[((g * n * n + i * n + j) * C + c) * O + o]);
        around(gather, u)
          .flat()
          .forEach((value, tap) => (dweight[((g * C + c) * taps ** 2 + tap) * O + o] = value));
      }
    }
  }
  return dweight;
}

/** product [B,I,J] of left [B,I,K] and right [B,K,J]. */
export function winogradProduct(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  [B, I, K, J]: readonly number[],
): Float64Array {
  const product = new Float64Array(B * I * J);
  for (let at = 0; at < product.length; at++) {
    const [j, i, b] = [at % J, Math.floor(at / J) % I, Math.floor(at / J / I)];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += left[(b * I + i) * K + k] * right[(b * K + k) * J + j];
    product[at] = sum;
  }
  return product;
}
