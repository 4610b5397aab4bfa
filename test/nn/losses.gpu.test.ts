import { describe, expect, it } from 'vitest';
import { f32, u32 } from '../../src/kernels/kernel';
import { Pass, type Module, type Output } from '../../src/nn/module';
import { Network } from '../../src/nn/network';
import { contrastive } from '../../src/nn/systems/contrastive';
import { dnnrl } from '../../src/nn/systems/dnnrl';
import { improvedSoftmax } from '../../src/nn/systems/improved_softmax';
import { l2Svm } from '../../src/nn/systems/l2_svm';
import { systemConfig, type AnySystem } from '../../src/nn/systems';
import { triplet } from '../../src/nn/systems/triplet';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { testGpu } from '../support/gpu';

const [N, K, C] = [9, 5, 3];
const labels = Uint32Array.from({ length: N }, (_, i) => (i * i) % C);
const embedding = Float32Array.from({ length: N * K }, (_, i) => Math.sin(1 + 1.7 * i));
const logits = Float32Array.from({ length: N * C }, (_, i) => 2 * Math.cos(1 + 2.3 * i));
const onehot = Float32Array.from(
  { length: N * C },
  (_, i) => +(labels[Math.floor(i / C)] === i % C),
);

/** The loss that a system's module makes of these numbers. */
async function lossOf(system: AnySystem): Promise<number> {
  const gpu = await testGpu();
  const config = systemConfig(system, {
    size: 8,
    widths: [2],
    dense: 4,
    embedding: K,
    classes: ['a', 'b', 'c'],
  });
  const module = system.build(config) as Module<Output>;
  new Network(module, config);
  const storage = new Storage(gpu);
  const tape = new Tape(gpu.capabilities);
  const given = (name: string, spec: Value['spec'], data: Float32Array | Uint32Array) => {
    const value = state(name, spec);
    storage.write(value, data);
    return value;
  };
  const pass = new Pass(tape, { training: true, step: state('step', u32([64])), samples: N });
  const output = {
    logits: given('logits', f32([N, C]), logits),
    embedding: given('embedding', f32([N, K]), embedding),
  };
  const truth = given('labels', u32([N]), labels);
  const loss = module.loss!(pass, output, truth, given('onehot', f32([N, C]), onehot));
  const plan = await Plan.compile(tape, storage, { keep: [loss] });
  plan.run();
  const [value] = await plan.read(loss);
  plan.dispose();
  storage.dispose();
  return value;
}

const rows = <T extends Float32Array>(data: T, width: number) =>
  Array.from({ length: N }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const all = Array.from({ length: N }, (_, i) => i);

const scores = rows(logits, C);
const negLog = (row: number[], c: number) =>
  Math.log(row.reduce((s, z) => s + Math.exp(z), 0)) - row[c];
const crossEntropy = mean(all.map((i) => negLog(scores[i], labels[i])));

const unit = rows(embedding, K).map((row) => row.map((x) => x / Math.hypot(...row)));
const distance = (i: number, j: number) => Math.hypot(...unit[i].map((x, k) => x - unit[j][k]));
const same = (i: number, j: number) => labels[i] === labels[j];
const gaps = all.map((i) => {
  const far = Math.max(...all.filter((j) => same(i, j)).map((j) => distance(i, j)));
  const near = Math.min(...all.filter((j) => !same(i, j)).map((j) => distance(i, j)));
  return far - near;
});

describe('the losses that systems bring', () => {
  it('triplet: the hardest of a batch', async () => {
    const triplets = mean(gaps.map((gap) => Math.max(0, gap + 0.2)));
    expect(await lossOf(triplet)).toBeCloseTo(crossEntropy + 0.3 * triplets, 5);
  });

  it('contrastive: all pairs of a batch', async () => {
    const pairs = all.flatMap((i) =>
      all.map((j) => (same(i, j) ? distance(i, j) ** 2 : Math.max(0, 1 - distance(i, j)) ** 2)),
    );
    expect(await lossOf(contrastive)).toBeCloseTo(crossEntropy + 0.3 * mean(pairs), 5);
  });

  it('DNNRL: relative distances, and hard samples weigh more', async () => {
    const average = (i: number, own: boolean) =>
      mean(all.filter((j) => j !== i && same(i, j) === own).map((j) => distance(i, j)));
    const relative = mean(
      all.map((i) => Math.log(1 + Math.exp(5 * (average(i, true) - average(i, false))))),
    );
    const focal = mean(
      all.map((i) => {
        const loss = negLog(scores[i], labels[i]);
        return (1 - Math.exp(-loss)) * loss;
      }),
    );
    expect(await lossOf(dnnrl)).toBeCloseTo(focal + 0.3 * relative, 4);
  });

  it('L2-SVM: squared hinges of each class against the rest', async () => {
    const hinges = all.map((i) =>
      scores[i].reduce((sum, z, c) => sum + Math.max(0, 1 - (labels[i] === c ? z : -z)) ** 2, 0),
    );
    expect(await lossOf(l2Svm)).toBeCloseTo(mean(hinges), 4);
  });

  it('improved softmax: the true class must win by a margin', async () => {
    const shifted = all.map((i) => scores[i].map((z, c) => z - (labels[i] === c ? 16 * 0.2 : 0)));
    const expected = mean(all.map((i) => negLog(shifted[i], labels[i])));
    expect(await lossOf(improvedSoftmax)).toBeCloseTo(expected, 5);
  });
});
