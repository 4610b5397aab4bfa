import { describe, expect, it } from 'vitest';
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import { FacegradError } from '../../src/gpu/errors';
import { ImageBank, itemLabels, Sampler, StepBuffer } from '../../src/train/batches';
import { ABSENT } from '../../src/kernels/focal_loss';
import { memoryStorage } from '../support/memory_storage';

function images(labels: number[], size = 1): ImageSet {
  return {
    name: 'made',
    width: size,
    height: size,
    count: labels.length,
    images: Uint8Array.from({ length: labels.length * size * size }, (_, i) => i),
    labels: Uint8Array.from(labels),
    classes: ['a', 'b', 'c'],
  };
}

const sequences: SequenceSet = {
  ...images([0, 0, 0, 1, 1, 2]),
  sequences: [
    { frames: [0, 1, 2], label: 2, subject: 1 },
    { frames: [4], label: 1, subject: 2 },
  ],
  length: 3,
};

describe('Sampler, natural', () => {
  const labels = Array.from({ length: 23 }, (_, i) => i % 3);
  const sampler = new Sampler(images(labels), 5, 7, 'natural');
  const epoch = (of: Sampler, n: number) =>
    Array.from({ length: of.stepsPerEpoch }, (_, i) => [
      ...of.items(n * of.stepsPerEpoch + i + 1),
    ]).flat();

  it('shows every item at most once an epoch, whole batches only', () => {
    expect(sampler.stepsPerEpoch).toBe(4);
    for (let n = 0; n < 5; n++) {
      const items = epoch(sampler, n);
      expect(items).toHaveLength(20);
      expect(new Set(items).size).toBe(20);
      expect(items.every((item) => item < 23)).toBe(true);
    }
  });

  it('shows every item exactly once where batches divide the set', () => {
    const even = new Sampler(images(labels.slice(0, 20)), 5, 7, 'natural');
    expect(epoch(even, 3).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('has another order every epoch and for every seed', () => {
    expect(epoch(sampler, 0)).not.toEqual(epoch(sampler, 1));
    expect(epoch(sampler, 0)).not.toEqual(epoch(new Sampler(images(labels), 5, 8, 'natural'), 0));
  });

  it('is a function of seed and step alone: any order of asking gives the same', () => {
    const forward = [1, 2, 5, 9, 13].map((step) => [...sampler.items(step)]);
    const fresh = new Sampler(images(labels), 5, 7, 'natural');
    const backward = [13, 9, 5, 2, 1].map((step) => [...fresh.items(step)]).reverse();
    expect(backward).toEqual(forward);
  });

  it('leaves out different items in different epochs', () => {
    const left = new Set<string>();
    for (let n = 0; n < 10; n++) {
      const shown = new Set(epoch(sampler, n));
      left.add(
        labels
          .map((_, i) => i)
          .filter((i) => !shown.has(i))
          .join(),
      );
    }
    expect(left.size).toBeGreaterThan(5);
  });

  it('refuses a batch larger than the set', () => {
    expect(() => new Sampler(images([0, 1]), 3, 1, 'natural')).toThrow(FacegradError);
  });
});

describe('Sampler, balanced', () => {
  it('draws every class that occurs equally often, whatever the counts', () => {
    const labels = [...new Array(90).fill(0), ...new Array(10).fill(2)]; // class 1 does not occur
    const sampler = new Sampler(images(labels), 50, 3, 'balanced');
    const drawn = [0, 0, 0];
    const seen = new Set<number>();
    const steps = 200;
    for (let step = 1; step <= steps; step++) {
      for (const item of sampler.items(step)) {
        drawn[labels[item]] += 1;
        seen.add(item);
      }
    }
    expect(drawn[1]).toBe(0);
    // binomial(10000, 1/2): deviation 50; five of them
    expect(Math.abs(drawn[0] - 5000)).toBeLessThan(250);
    expect(seen.size).toBe(100);
  });

  it('repeats itself', () => {
    const make = () => new Sampler(images([0, 0, 1, 2]), 4, 3, 'balanced');
    expect(make().items(17)).toEqual(make().items(17));
    expect(make().items(17)).not.toEqual(make().items(18));
  });
});

describe('StepBuffer', () => {
  it('lays out numbers, indices and labels, and marks what is absent', async () => {
    const storage = memoryStorage();
    const buffer = new StepBuffer(4, 1);
    const data = images([2, 1, 0, 2, 1]);
    buffer.write(storage, data, [3, 1], {
      seed: 0xfffffff0,
      number: 12,
      learningRate: 0.25,
      mirror: true,
      shiftX: -1.5,
    });
    const step = (await storage.read(buffer.step)) as Uint32Array;
    const floats = new Float32Array(step.buffer);
    expect([...step.subarray(0, 2), floats[2], step[3], floats[4], floats[5]]).toEqual([
      0xfffffff0, 12, 0.25, 1, -1.5, 0,
    ]);
    expect([...(await storage.read(buffer.indices))]).toEqual([3, 1, ABSENT, ABSENT]);
    expect([...(await storage.read(buffer.labels))]).toEqual([2, 1, ABSENT, ABSENT]);
    expect([...(await storage.read(buffer.lengths))]).toEqual([1, 1, 0, 0]);
  });

  it('puts frame t of sample n at t * N + n; a short sequence repeats its last frame', async () => {
    const storage = memoryStorage();
    const buffer = new StepBuffer(3, 3);
    buffer.write(storage, sequences, [1, 0], { seed: 1, number: 1, learningRate: 0 });
    expect([...(await storage.read(buffer.indices))]).toEqual([
      4,
      0,
      ABSENT,
      4,
      1,
      ABSENT,
      4,
      2,
      ABSENT,
    ]);
    expect([...(await storage.read(buffer.labels))]).toEqual([1, 2, ABSENT]);
    expect([...(await storage.read(buffer.lengths))]).toEqual([1, 3, 0]);
  });

  it('leaves nothing of the batch before', async () => {
    const storage = memoryStorage();
    const buffer = new StepBuffer(2, 1);
    const numbers = { seed: 1, number: 1, learningRate: 1 };
    buffer.write(storage, images([1, 1]), [0, 1], { ...numbers, mirror: true, shiftY: 2 });
    buffer.write(storage, images([1, 1]), [1], numbers);
    const step = (await storage.read(buffer.step)) as Uint32Array;
    expect([...step.subarray(3, 6)]).toEqual([0, 0, 0]);
    expect([...(await storage.read(buffer.indices))]).toEqual([1, ABSENT]);
  });
});

describe('ImageBank', () => {
  it.each([1, 2, 3, 4, 5])('holds %i images of 3x3, byte for byte', async (count) => {
    const storage = memoryStorage();
    const data = images(new Array(count).fill(0), 3);
    const bank = new ImageBank(data);
    bank.upload(storage);
    const words = await storage.read(bank.images);
    const bytes = new Uint8Array(words.buffer);
    expect(bytes.length).toBe(Math.ceil((count * 9) / 4) * 4);
    expect([...bytes.subarray(0, count * 9)]).toEqual([...data.images]);
    expect([...bytes.subarray(count * 9)].every((byte) => byte === 0)).toBe(true);
  });

  it('labels of a set of sequences are those of the sequences', () => {
    expect([...Array.from(itemLabels(sequences))]).toEqual([2, 1]);
  });
});
