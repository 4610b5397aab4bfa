import { describe, expect, it } from 'vitest';
import { FacegradError } from '../../src/gpu/errors';
import { size } from '../../src/kernels/kernel';
import { modelConfig, type ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { createNetwork } from '../../src/nn/systems';
import { fromHalf, toHalf } from '../../src/train/safetensors';
import { readWeights, writeWeights } from '../../src/train/weights_file';
import { memoryStorage } from '../support/memory_storage';

async function made(changes: Partial<ModelConfig> = {}, seed = 3) {
  const config = modelConfig('tiny', {
    size: 16,
    widths: [3, 4],
    dense: 6,
    hidden: 5,
    ...changes,
  });
  const model = createNetwork(config);
  const storage = memoryStorage();
  model.initialize(storage, seed);
  return { config, model, storage, tensors: await model.export(storage) };
}

describe('the names and shapes of a weights file', () => {
  it('are those of a state_dict in PyTorch', async () => {
    const { tensors } = await made();
    const actual = Object.fromEntries(tensors.map(({ name, shape }) => [name, shape.join('x')]));
    const stream = (name: string) => ({
      [`streams.${name}.block1.conv.weight`]: '3x1x5x5',
      [`streams.${name}.block1.bn.weight`]: '3',
      [`streams.${name}.block1.bn.bias`]: '3',
      [`streams.${name}.block1.bn.running_mean`]: '3',
      [`streams.${name}.block1.bn.running_var`]: '3',
      [`streams.${name}.block2.conv.weight`]: '4x3x5x5',
      [`streams.${name}.block2.bn.weight`]: '4',
      [`streams.${name}.block2.bn.bias`]: '4',
      [`streams.${name}.block2.bn.running_mean`]: '4',
      [`streams.${name}.block2.bn.running_var`]: '4',
      [`streams.${name}.fc.weight`]: `6x${4 * 4 * 4}`,
      [`streams.${name}.fc.bias`]: '6',
    });
    expect(actual).toEqual({
      ...stream('equalized'),
      ...stream('edges'),
      'lstm.weight_ih_l0': '20x12',
      'lstm.weight_hh_l0': '20x5',
      'lstm.bias_ih_l0': '20',
      'lstm.bias_hh_l0': '20',
      'classifier.weight': '7x5',
      'classifier.bias': '7',
    });
    for (const { name, shape, data } of tensors) expect(data.length, name).toBe(size(shape));
  });

  it('one stream and a dense layer in place of the LSTM', async () => {
    const { tensors } = await made({ streams: ['raw'], fusion: 'concat' });
    const names = tensors.map(({ name }) => name);
    expect(names).toContain('streams.raw.fc.weight');
    expect(names).toContain('fusion.weight');
    expect(names.some((name) => name.includes('lstm') || name.includes('edges'))).toBe(false);
    expect(tensors.find(({ name }) => name === 'fusion.weight')!.shape).toEqual([5, 6]);
  });

  it('a convolution is [C, 5, 5, O] for the kernels and [O, C, 5, 5] in the file', async () => {
    const { model, storage, tensors } = await made();
    const { flat } = model.arenas.parameters;
    const wanted = 'streams.edges.block2.conv.weight';
    const [O, C] = [4, 3];
    // The tensor counts up in the file's order.
    const counted = tensors.map((tensor) =>
      tensor.name === wanted ? { ...tensor, data: tensor.data.map((_, i) => i + 1) } : tensor,
    );
    model.import(storage, new Map(counted.map((tensor) => [tensor.name, tensor])));
    const stored = (await storage.read(flat)) as Float32Array;
    // streams.*.block2 is [G = 2, 3, 5, 5, 4]; `edges` is its second stream.
    const begin = stored.findIndex((value, i) => value === 1 && stored[i + 1] === 1 + C * 25);
    for (let o = 0; o < O; o++) {
      for (let c = 0; c < C; c++) {
        for (let tap = 0; tap < 25; tap++) {
          expect(stored[begin + (c * 25 + tap) * O + o]).toBe((o * C + c) * 25 + tap + 1);
        }
      }
    }
    const back = await model.export(storage);
    expect(back).toEqual(counted);
  });
});

describe('a weights file', () => {
  it('comes back bit for bit in float32, with the configuration inside', async () => {
    const { config, model, storage, tensors } = await made();
    const file = await writeWeights(model, storage, { data: 'made', seed: 3 });
    const read = readWeights(file);
    expect(read.config).toEqual(config);
    expect(read.provenance).toEqual({ data: 'made', seed: 3 });
    const other = await made({}, 4);
    other.model.import(other.storage, read.tensors);
    expect(await other.model.export(other.storage)).toEqual(tensors);
  });

  it('in float16 holds every number rounded once', async () => {
    const { model, storage, tensors } = await made();
    const file = await writeWeights(model, storage, {}, 'F16');
    const read = readWeights(file).tensors;
    for (const { name, data } of tensors) {
      expect(read.get(name)!.data).toEqual(data.map((value) => fromHalf(toHalf(value))));
    }
  });

  it('with a missing tensor or one of another shape is refused by name, and nothing is written', async () => {
    const { model, storage, tensors } = await made();
    const all = new Map(
      tensors.map((tensor) => [tensor.name, { ...tensor, data: tensor.data.map(() => 9) }]),
    );
    const missing = new Map(all);
    missing.delete('classifier.bias');
    expect(() => model.import(storage, missing)).toThrow(/classifier\.bias/);
    const wrong = new Map(all);
    wrong.set('classifier.weight', {
      name: 'classifier.weight',
      shape: [5, 7],
      data: new Float32Array(35),
    });
    expect(() => model.import(storage, wrong)).toThrow(FacegradError);
    expect(() => model.import(storage, wrong)).toThrow(/classifier\.weight is \[5,7\]/);
    const statistics = new Map(all);
    statistics.delete('streams.edges.block2.bn.running_var');
    expect(() => model.import(storage, statistics)).toThrow(/running_var/);
    expect(await model.export(storage)).toEqual(tensors);
  });
});

describe('initialisation', () => {
  it('is a function of the seed', async () => {
    const [a, b, c] = [await made({}, 3), await made({}, 3), await made({}, 4)];
    expect(a.tensors).toEqual(b.tensors);
    expect(a.tensors).not.toEqual(c.tensors);
  });

  it('has the bounds of PyTorch, batch norm at rest and the forget gate open', async () => {
    const { tensors } = await made();
    const byName = new Map(tensors.map(({ name, data }) => [name, data]));
    const bounds: [string, number][] = [
      ['streams.equalized.block1.conv.weight', 1 / 5],
      ['streams.edges.block2.conv.weight', 1 / Math.sqrt(75)],
      ['streams.edges.fc.weight', 1 / 8],
      ['lstm.weight_ih_l0', 1 / Math.sqrt(5)],
      ['lstm.weight_hh_l0', 1 / Math.sqrt(5)],
      ['classifier.weight', 1 / Math.sqrt(5)],
    ];
    for (const [name, bound] of bounds) {
      const largest = Math.max(...byName.get(name)!.map(Math.abs));
      expect(largest, name).toBeLessThanOrEqual(bound);
      expect(largest, name).toBeGreaterThan(0.8 * bound);
    }
    expect([...byName.get('streams.edges.block1.bn.weight')!]).toEqual([1, 1, 1]);
    expect([...byName.get('streams.edges.block1.bn.running_var')!]).toEqual([1, 1, 1]);
    expect([...byName.get('streams.edges.block1.bn.running_mean')!]).toEqual([0, 0, 0]);
    const bias = byName.get('lstm.bias_ih_l0')!;
    expect([...bias.subarray(5, 10)]).toEqual([1, 1, 1, 1, 1]);
    expect(bias.subarray(0, 5).every((value) => Math.abs(value) < 1)).toBe(true);
    expect([...byName.get('lstm.bias_hh_l0')!].every((value) => value === 0)).toBe(true);
  });

  it('streams do not begin alike', async () => {
    const { tensors } = await made();
    const byName = new Map(tensors.map(({ name, data }) => [name, data]));
    expect(byName.get('streams.equalized.fc.weight')).not.toEqual(
      byName.get('streams.edges.fc.weight'),
    );
  });
});
