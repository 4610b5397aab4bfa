type Shape = readonly number[];

/** Every element of x gets an index; these say which of them (or none, -1) each element of the result is. */
export interface Picked {
  shape: number[];
  from: number[];
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Builds a result from the coordinates in x of each of its elements. */
function pick(shape: number[], x: Shape, source: (at: number[]) => (number | undefined)[]): Picked {
  const from = Array.from({ length: size(shape) }, (_, i) => {
    let rest = i;
    const at = [...shape];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    const place = source(at);
    if (place.some((c) => c === undefined)) return -1;
    return place.reduce<number>((sum, c, axis) => sum * x[axis] + c!, 0);
  });
  return { shape, from };
}

export function transpose(x: Shape, axes: Shape): Picked {
  return pick(
    axes.map((axis) => x[axis]),
    x,
    (at) => x.map((_, axis) => at[axes.indexOf(axis)]),
  );
}

export function expand(x: Shape, shape: Shape): Picked {
  const missing = shape.length - x.length;
  return pick([...shape], x, (at) => x.map((n, axis) => (n === 1 ? 0 : at[axis + missing])));
}

/** begin, step and length by axis: indices are already inside. */
export function slice(x: Shape, begin: Shape, step: Shape, length: Shape): Picked {
  return pick([...length], x, (at) => at.map((l, axis) => begin[axis] + l * step[axis]));
}

export function pad(x: Shape, before: Shape, after: Shape, mode: string): Picked {
  const outside: Record<string, (k: number, n: number) => number | undefined> = {
    constant: () => undefined,
    edge: (k, n) => Math.min(Math.max(k, 0), n - 1),
    reflect: (k, n) => {
      let there = k;
      while (there < 0 || there >= n) there = there < 0 ? -there : 2 * (n - 1) - there;
      return there;
    },
    wrap: (k, n) => ((k % n) + n) % n,
  };
  return pick(
    x.map((n, axis) => before[axis] + n + after[axis]),
    x,
    (at) =>
      at.map((l, axis) => {
        const k = l - before[axis];
        return k >= 0 && k < x[axis] ? k : outside[mode](k, x[axis]);
      }),
  );
}

export function forward(x: ArrayLike<number>, { from }: Picked, value = 0): Float64Array {
  return Float64Array.from(from, (k) => (k < 0 ? value : x[k]));
}

export function backward(dy: ArrayLike<number>, { from }: Picked, length: number): Float64Array {
  const dx = new Float64Array(length);
  from.forEach((k, i) => {
    if (k >= 0) dx[k] += dy[i];
  });
  return dx;
}
