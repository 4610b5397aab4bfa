import fc from 'fast-check';
import * as eager from '../../src/eager';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  N: extent(6),
  K: extent(7),
  classes: extent(4),
  margin: fc.constantFrom(0.3, 1, 1.5),
  squared: fc.boolean(),
  dy: fc.constantFrom(1, -2),
  seed: fc.nat(),
});

type Rows = Record<string, Float64Array>;

/** The loss's derivative by every element, by differences in f64. */
function differences(rows: Rows, name: string, loss: (rows: Rows) => number): Float64Array {
  const values = rows[name];
  return values.map((value, i) => {
    const at = (v: number) => {
      values[i] = v;
      return loss(rows);
    };
    const slope = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6;
    values[i] = value;
    return slope;
  });
}

const mean = (count: number, term: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0) / count;

/** Sum of squared differences of row i of a and row j of b. */
function square(a: Float64Array, i: number, b: Float64Array, j: number, K: number, epsilon = 0) {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += (a[i * K + k] - b[j * K + k] + epsilon) ** 2;
  return sum;
}

const EPSILON = 1e-6; // PyTorch's, in every difference whose root is taken
const tolerance = { absolute: 1e-4, relative: 1e-4 };

type Given = Record<string, ReturnType<typeof array>>;
type Call = {
  (...given: unknown[]): Promise<{ loss: { data: ArrayLike<number> } }>;
  backward(...given: unknown[]): Promise<Record<string, { data: ArrayLike<number> }>>;
};

function losses(
  name: string,
  operation: unknown,
  setUp: (c: {
    N: number;
    K: number;
    classes: number;
    margin: number;
    squared: boolean;
    seed: number;
  }) => {
    given: Given;
    fixed?: object;
    attributes: object;
    loss: (rows: Rows) => number;
  },
) {
  const call = operation as Call;
  property(name, cases, async (gpu, c) => {
    const { given, fixed, attributes, loss } = setUp(c);
    const rows = Object.fromEntries(
      Object.entries(given).map(([key, { data }]) => [key, Float64Array.from(data)]),
    );
    const inputs = { ...given, ...fixed };
    expectClose('loss', (await call(gpu, inputs, attributes)).loss, [loss(rows)], tolerance);
    const dy = { loss: { shape: [], data: [c.dy] } };
    const found = await call.backward(gpu, inputs, dy, attributes);
    for (const key of Object.keys(given)) {
      const wanted = differences(rows, key, loss).map((slope) => slope * c.dy);
      expectClose(`d${key}`, found[key], wanted, tolerance);
    }
  });
}

losses('center_loss', eager.centerLoss, ({ N, K, classes, seed }) => {
  const next = random(seed);
  const labels = Uint32Array.from({ length: N }, () => Math.floor(next() * classes));
  return {
    given: { features: array([N, K], seed), centers: array([classes, K], seed + 1) },
    fixed: { labels: { shape: [N], data: labels } },
    attributes: {},
    loss: ({ features, centers }) => mean(N, (i) => square(features, i, centers, labels[i], K) / 2),
  };
});

losses('contrastive_loss', eager.contrastiveLoss, ({ N, K, margin, seed }) => {
  const next = random(seed);
  const same = Float32Array.from({ length: N }, () => Math.round(next()));
  return {
    given: { a: array([N, K], seed), b: array([N, K], seed + 1) },
    fixed: { same: { shape: [N], data: same } },
    attributes: { margin },
    loss: ({ a, b }) =>
      mean(N, (i) => {
        const d = Math.sqrt(square(a, i, b, i, K, EPSILON));
        return same[i] ? d * d : Math.max(0, margin - d) ** 2;
      }),
  };
});

losses('triplet_loss', eager.tripletLoss, ({ N, K, margin, squared, seed }) => {
  const measure = (a: Float64Array, b: Float64Array, i: number) =>
    squared ? square(a, i, b, i, K) : Math.sqrt(square(a, i, b, i, K, EPSILON));
  return {
    given: {
      anchor: array([N, K], seed),
      positive: array([N, K], seed + 1),
      negative: array([N, K], seed + 2),
    },
    attributes: { margin, squared },
    loss: ({ anchor, positive, negative }) =>
      mean(N, (i) =>
        Math.max(0, measure(anchor, positive, i) - measure(anchor, negative, i) + margin),
      ),
  };
});
