/** Linear discriminant analysis, also of principal and independent components: weights of the system `linear`, computed and not trained. */
import { classCounts, type ImageSet } from '../data/dataset';
import { RandomStream } from '../data/random';
import { gemm, Tensor } from '../eager';
import { FacegradError } from '../gpu/errors';
import type { Gpu } from '../gpu/device';
import type { NetworkConfig } from '../nn/network';
import { isComputed, type linear } from '../nn/systems/linear';
import type { TrainConfig } from './config';
import {
  backwardRows,
  cholesky,
  eigen,
  forwardRows,
  matrix,
  orthonormalRows,
  timesTransposed,
  transposed,
  type Matrix,
} from './linear_algebra';
import { weightsFile, type Provenance } from './weights_file';

type LinearConfig = NetworkConfig & (typeof linear)['defaults'];
type Fit = (
  gpu: Gpu,
  set: ImageSet,
  config: TrainConfig,
  provenance: Provenance,
) => Promise<Uint8Array>;

/** Rows of pictures that go to the GPU at once. */
const ROWS = 4096;

/** What computes the weights of such a network, where they are not trained. */
export function closedForm(model: NetworkConfig): Fit | undefined {
  if (!isComputed(model)) return undefined;
  return async (gpu, set, config, provenance) => {
    const { weight, bias, facts } = await discriminant(
      gpu,
      set,
      model as LinearConfig,
      config.seed,
    );
    const tensors = [
      {
        name: '1.weight',
        shape: [weight.rows, weight.columns],
        data: Float32Array.from(weight.data),
      },
      { name: '1.bias', shape: [weight.rows], data: Float32Array.from(bias) },
    ];
    return weightsFile(tensors, {
      config: model,
      training: config,
      provenance: { ...provenance, ...facts },
    });
  };
}

/** The pictures as a network is given them: each with mean 0 and deviation 1 (`standardize`). */
function standardized(
  { images, width, height }: ImageSet,
  begin: number,
  end: number,
): Float32Array {
  const size = width * height;
  const rows = new Float32Array((end - begin) * size);
  for (let i = begin; i < end; i++) {
    const pixels = images.subarray(i * size, (i + 1) * size);
    const mean = pixels.reduce((a, b) => a + b, 0) / size;
    const variance = pixels.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size;
    const scale = 1 / Math.sqrt(variance + 1);
    pixels.forEach((x, p) => (rows[(i - begin) * size + p] = (x - mean) * scale));
  }
  return rows;
}

/** @returns weights and bias, and how independent components were found */
export async function discriminant(
  gpu: Gpu,
  set: ImageSet,
  { fit, shrinkage, components, size }: LinearConfig,
  seed: number,
): Promise<{ weight: Matrix; bias: Float64Array; facts: Provenance }> {
  if (set.width !== size || set.height !== size) {
    throw new FacegradError('bad-input', `${set.name} must be of ${size}x${size} pixels`);
  }
  const { within, total, means, mean, shares } = await moments(gpu, set);
  let basis: Matrix | undefined;
  let facts: Provenance = {};
  if (fit !== 'lda') basis = await principal(gpu, total, components, seed);
  if (fit === 'ica-lda') {
    const found = await independent(gpu, set, basis!, mean, seed);
    basis = timesTransposed(found.rotation, transposed(basis!));
    facts = { iterations: found.iterations, change: found.change };
  }
  // In the basis, where there is one: covariance B S B^T, means B m.
  const covariance = basis ? timesTransposed(timesTransposed(basis, within), basis) : within;
  const centres = basis ? timesTransposed(means, basis) : means;
  const n = covariance.rows;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance.data[i * (n + 1)];
  const shrunk = { ...covariance, data: covariance.data.map((x) => (1 - shrinkage) * x) };
  for (let i = 0; i < n; i++) shrunk.data[i * (n + 1)] += (shrinkage * trace) / n;
  const l = cholesky(shrunk);
  const axes = backwardRows(l, forwardRows(l, centres));
  const bias = Float64Array.from(shares, (share, c) => {
    let product = 0;
    for (let i = c * n; i < (c + 1) * n; i++) product += axes.data[i] * centres.data[i];
    return Math.log(share) - product / 2;
  });
  return { weight: basis ? timesTransposed(axes, transposed(basis)) : axes, bias, facts };
}

/** Covariances within the classes and of all, and the means; the large products run on the GPU. */
async function moments(gpu: Gpu, set: ImageSet) {
  const size = set.width * set.height;
  const classes = set.classes.length;
  const counts = classCounts(set);
  if (counts.some((count) => count === 0)) {
    throw new FacegradError('bad-input', `${set.name}: a class has no picture`, {
      available: counts,
    });
  }
  const products = matrix(size, size);
  const means = matrix(classes, size);
  for (let begin = 0; begin < set.count; begin += ROWS) {
    const end = Math.min(set.count, begin + ROWS);
    const data = standardized(set, begin, end);
    const a = { shape: [end - begin, size], data };
    const { y } = await gemm(gpu, { a, b: a }, { transA: true });
    for (let i = 0; i < size * size; i++) products.data[i] += y.data[i] / set.count;
    for (let i = begin; i < end; i++) {
      const label = set.labels[i];
      const row = data.subarray((i - begin) * size, (i - begin + 1) * size);
      row.forEach((x, p) => (means.data[label * size + p] += x / counts[label]));
    }
  }
  const shares = counts.map((count) => count / set.count);
  const mean = new Float64Array(size);
  shares.forEach((share, c) =>
    mean.forEach((_, p) => (mean[p] += share * means.data[c * size + p])),
  );
  const less = (parts: { share: number; row: Float64Array }[]): Matrix => {
    const data = products.data.slice();
    for (const { share, row } of parts) {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) data[i * size + j] -= share * row[i] * row[j];
      }
    }
    return { rows: size, columns: size, data };
  };
  const rows = shares.map((share, c) => ({
    share,
    row: means.data.subarray(c * size, (c + 1) * size),
  }));
  return { within: less(rows), total: less([{ share: 1, row: mean }]), means, mean, shares };
}

/** Principal components as rows, each divided by its deviation: what is projected on them is white. */
async function principal(
  gpu: Gpu,
  total: Matrix,
  components: number,
  seed: number,
): Promise<Matrix> {
  const size = total.rows;
  const random = new RandomStream(seed, 0x9ca);
  let rows = matrix(Math.min(size, components + 60), size);
  rows.data.forEach((_, i) => (rows.data[i] = random.normal()));
  rows = orthonormalRows(rows);
  // Subspace iteration; the matrix stays on the GPU.
  const b = Tensor.from(gpu, { shape: [size, size], data: Float32Array.from(total.data) });
  for (let iteration = 0; iteration < 30; iteration++) {
    const a = Tensor.from(gpu, { shape: [rows.rows, size], data: Float32Array.from(rows.data) });
    const { y } = await gemm(gpu, { a, b });
    rows = orthonormalRows({ ...rows, data: Float64Array.from(await y.read()) });
    a.dispose();
    y.dispose();
  }
  b.dispose();
  const { values, vectors } = eigen(timesTransposed(timesTransposed(rows, total), rows));
  const all = timesTransposed(vectors, transposed(rows));
  const data = all.data.slice(0, components * size);
  return {
    rows: components,
    columns: size,
    data: data.map((x, i) => x / Math.sqrt(values[Math.floor(i / size)])),
  };
}

/** FastICA (Hyvärinen): tanh, all components at once; what comes out is a rotation of the white components. */
async function independent(
  gpu: Gpu,
  set: ImageSet,
  basis: Matrix,
  mean: Float64Array,
  seed: number,
) {
  const k = basis.rows;
  const n = set.count;
  const white = new Float32Array(n * k);
  const offset = timesTransposed({ rows: 1, columns: mean.length, data: mean }, basis).data;
  const b = { shape: [k, basis.columns], data: Float32Array.from(basis.data) };
  for (let begin = 0; begin < n; begin += ROWS) {
    const end = Math.min(n, begin + ROWS);
    const a = { shape: [end - begin, basis.columns], data: standardized(set, begin, end) };
    const { y } = await gemm(gpu, { a, b }, { transB: true });
    y.data.forEach((x, i) => (white[begin * k + i] = x - offset[i % k]));
  }
  const z = Tensor.from(gpu, { shape: [n, k], data: white });
  const random = new RandomStream(seed, 0x1ca);
  let rotation = matrix(k, k);
  rotation.data.forEach((_, i) => (rotation.data[i] = random.normal()));
  rotation = nearestRotation(rotation);
  let change = 1;
  let iterations = 0;
  for (; change > 1e-4 && iterations < 200; iterations++) {
    const w = { shape: [k, k], data: Float32Array.from(rotation.data) };
    const { y } = await gemm(gpu, { a: z, b: w }, { transB: true });
    const g = Float32Array.from(await y.read(), Math.tanh);
    y.dispose();
    const slope = new Float64Array(k);
    g.forEach((x, i) => (slope[i % k] += (1 - x * x) / n));
    const a = Tensor.from(gpu, { shape: [n, k], data: g });
    const { y: pulled } = await gemm(gpu, { a, b: z }, { transA: true });
    a.dispose();
    const data = Float64Array.from(
      await pulled.read(),
      (x, i) => x / n - slope[Math.floor(i / k)] * rotation.data[i],
    );
    pulled.dispose();
    const next = nearestRotation({ rows: k, columns: k, data });
    change = 0;
    for (let i = 0; i < k; i++) {
      let cosine = 0;
      for (let j = i * k; j < (i + 1) * k; j++) cosine += next.data[j] * rotation.data[j];
      change = Math.max(change, 1 - Math.abs(cosine));
    }
    rotation = next;
  }
  z.dispose();
  return { rotation, iterations, change };
}

/** (W W^T)^(-1/2) W. */
function nearestRotation(w: Matrix): Matrix {
  const { values, vectors } = eigen(timesTransposed(w, w));
  const columns = transposed(vectors);
  const scaled = {
    ...columns,
    data: columns.data.map((x, i) => x / Math.sqrt(values[i % w.rows])),
  };
  return timesTransposed(timesTransposed(scaled, columns), transposed(w));
}
