import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recogniser, STAGES, type Face } from '../../app/live/recogniser';
import { syntheticFaces } from '../../src/data/synthetic';
import type { Gpu } from '../../src/gpu/device';
import { f32, u32 } from '../../src/kernels/kernel';
import { modelConfig, type ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { createNetwork } from '../../src/nn/systems';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { readWeights, writeWeights, type Weights } from '../../src/train/weights_file';
import { testGpu } from '../support/gpu';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** Weights as they come from a seed. */
async function weightsOf(config: ModelConfig, seed = 3): Promise<Weights> {
  const storage = new Storage(gpu);
  const model = createNetwork(config);
  model.initialize(storage, seed);
  const file = await writeWeights(model, storage, {});
  storage.dispose();
  return readWeights(file);
}

/** What the model says of frames [T, N = 1] from a zero state, recorded as one sequence. */
async function inOneGo(weights: Weights, frames: Uint8Array[]): Promise<number[]> {
  const { size, classes } = weights.config;
  const storage = new Storage(gpu);
  const model = createNetwork(weights.config);
  model.import(storage, weights.tensors);
  const images = state('images', f32([frames.length, size, size]));
  storage.write(images, Float32Array.from(frames.flatMap((frame) => [...frame])));
  const tape = new Tape(gpu.capabilities);
  const step = state('step', u32([64]));
  const { logits } = model.forward(tape, images, 1, { training: false, step });
  const plan = await Plan.compile(tape, storage, { keep: [logits] });
  plan.run();
  const values = Array.from(await plan.read(logits));
  plan.dispose();
  storage.dispose();
  const exps = values.slice(0, classes.length).map(Math.exp);
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / sum);
}

const SIZE = 48;
const people = syntheticFaces({ seed: 2, count: 6, size: SIZE, identities: 6 });
const picture = (i: number) => people.images.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);

/** A frame of 160 x 100 with pictures in its upper row, 50 pixels apart. */
function frameWith(pictures: Uint8Array[]): Uint8Array {
  const frame = new Uint8Array(160 * 100 * 4).fill(128);
  pictures.forEach((pixels, n) => {
    for (let i = 0; i < pixels.length; i++) {
      const at = 4 * ((i / SIZE + 20) | 0) * 160 + 4 * (n * 50 + 3 + (i % SIZE));
      frame.fill(pixels[i], at, at + 3);
    }
  });
  return frame;
}

const faceAt = (n: number, id: number): Face => ({
  id,
  box: { x: n * 50 + 3, y: 20, width: SIZE, height: SIZE },
});

const still = modelConfig('tiny');
const sequence = modelConfig('tiny', { frames: { mode: 'sequence', count: 3 } });
const FRAME = { width: 160, height: 100 };

describe('the recogniser', () => {
  it('says of a face in a frame what the model says of its picture, up to the resizing', async () => {
    const weights = await weightsOf(still);
    const recogniser = await Recogniser.create(gpu, [weights], FRAME);
    const { faces, stages } = await recogniser.read({
      pixels: frameWith([picture(0)]),
      faces: [faceAt(0, 7)],
      carry: false,
      show: 7,
    });
    expect(faces.map(({ id }) => id)).toEqual([7]);
    expect(stages).toHaveLength(STAGES.length);
    // Cut out at four times the size and halved twice, a picture is a little blurred.
    const blurred = stages![0];
    const error = blurred.reduce((sum, v, i) => sum + Math.abs(v - picture(0)[i]), 0);
    expect(error / blurred.length).toBeLessThan(6);
    // Of that picture it says what the model says.
    const wanted = await inOneGo(weights, [blurred]);
    faces[0].probabilities[0].forEach((p, i) => expect(p).toBeCloseTo(wanted[i], 4));
    recogniser.dispose();
  });

  it('carries the state of each face from frame to frame: as the sequence in one go', async () => {
    const weights = await weightsOf(sequence);
    const recogniser = await Recogniser.create(gpu, [weights], FRAME);
    // Two faces that move through the slots of one another's places in the list.
    const seen: Record<number, Uint8Array[]> = { 1: [], 2: [] };
    let last: Record<number, number[]> = {};
    for (const [a, b] of [
      [0, 1],
      [2, 3],
      [4, 5],
    ]) {
      const pixels = frameWith([picture(a), picture(b)]);
      const faces = [faceAt(0, 1), faceAt(1, 2)];
      for (const show of [1, 2]) {
        // The stages of both, without their memory: from a second recogniser.
        const other = await Recogniser.create(gpu, [weights], FRAME);
        const { stages } = await other.read({ pixels, faces, carry: false, show });
        seen[show].push(stages![0]);
        other.dispose();
      }
      const order = a === 2 ? [...faces].reverse() : faces;
      const { faces: found } = await recogniser.read({ pixels, faces: order, carry: true });
      last = Object.fromEntries(found.map((f) => [f.id, Array.from(f.probabilities[0])]));
    }
    for (const id of [1, 2]) {
      const wanted = await inOneGo(weights, seen[id]);
      last[id].forEach((p, i) => expect(p).toBeCloseTo(wanted[i], 4));
      // And that is not what it says of the last frame alone.
      const alone = await inOneGo(weights, seen[id].slice(-1));
      expect(Math.max(...alone.map((p, i) => Math.abs(p - wanted[i])))).toBeGreaterThan(1e-3);
    }
    recogniser.dispose();
  });

  it('forgets a face that was lost, and a face whose state is not carried', async () => {
    const weights = await weightsOf(sequence);
    const recogniser = await Recogniser.create(gpu, [weights], FRAME);
    const pixels = frameWith([picture(0)]);
    const read = async (id: number, carry = true) =>
      (await recogniser.read({ pixels, faces: [faceAt(0, id)], carry })).faces[0].probabilities[0];
    const first = await read(1);
    const second = await read(1);
    expect(second).not.toEqual(first);
    await recogniser.read({ pixels, faces: [], carry: true });
    expect(await read(1)).toEqual(first);
    expect(await read(2)).toEqual(first); // someone else in the same place
    expect(await read(2, false)).toEqual(first);
    recogniser.dispose();
  });

  it('reads more faces than it has memories for, where nothing is carried', async () => {
    const weights = await weightsOf(still);
    const recogniser = await Recogniser.create(gpu, [weights], FRAME);
    const pixels = frameWith([picture(0), picture(1), picture(2)]);
    const faces = Array.from({ length: 9 }, (_, i) => faceAt(i % 3, i));
    const { faces: found } = await recogniser.read({ pixels, faces, carry: false });
    expect(found.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(found[8].probabilities).toEqual(found[2].probabilities);
    expect(found[8].probabilities).not.toEqual(found[0].probabilities);
    const carried = await recogniser.read({ pixels, faces, carry: true });
    expect(carried.faces).toHaveLength(4);
    recogniser.dispose();
  });

  it('shows the same faces to several networks', async () => {
    const a = await weightsOf(still);
    const b = await weightsOf(modelConfig('tiny', { streams: ['edges'], fusion: 'concat' }), 9);
    const pixels = frameWith([picture(3)]);
    const frame = { pixels, faces: [faceAt(0, 1)], carry: true };
    const alone = await Promise.all(
      [a, b].map(async (weights) => {
        const recogniser = await Recogniser.create(gpu, [weights], FRAME);
        const { faces } = await recogniser.read(frame);
        recogniser.dispose();
        return faces[0].probabilities[0];
      }),
    );
    const recogniser = await Recogniser.create(gpu, [a, b], FRAME);
    expect((await recogniser.read(frame)).faces[0].probabilities).toEqual(alone);
    recogniser.dispose();
  });
});

afterAll(() => gpu.assertAlive());
