import type { Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { BufferUsage } from '../../src/gpu/usage';
import { greyForward } from '../../src/kernels/grey';
import { f32, u32 } from '../../src/kernels/kernel';
import { resizeCrop, resizeForward } from '../../src/kernels/resize';
import { softmaxForward } from '../../src/kernels/softmax';
import type { Network } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { loadNetwork, type Weights } from '../../src/train/weights_file';
import { systems } from '../shared/systems';
import { preprocess, type StreamKind } from '../../src/vision/preprocess';
import { standardize } from '../../src/vision/standardize';
import type { Box } from './geometry';
import { Slots } from './slots';

/** Faces of one frame that each have a memory of their own. */
export const FACES = 4;

/** What a network's preprocessing shows of a face: pictures of `size` x `size` whole grey levels. */
export const STAGES = ['raw', 'equalized', 'edges'] as const satisfies StreamKind[];

export interface Face {
  /** The same number from frame to frame as long as it is the same face. */
  id: number;
  /** The square that the network sees, in pixels of the frame; it may reach outside. */
  box: Box;
}

export interface Recognition {
  id: number;
  /** Probabilities of the classes, by network. */
  probabilities: Float32Array[];
}

export interface Frame {
  /** RGBA bytes. */
  pixels: Uint8Array;
  faces: Face[];
  /**
   * Carry each face's LSTM state on from the frame before. Otherwise each frame is looked at by itself.
   */
  carry: boolean;
  /** The face whose preprocessing is wanted. */
  show?: number;
}

/** The results of one slot, in floats: first the probabilities, then the stages, at multiples of 64. */
const STAGES_BEGIN = 64;

/** What one network makes of one slot's face: dispatches, where they write, and what they remember. */
interface Reader {
  plan: Plan;
  results: Value;
  memory: Value[];
  /** Where the results are read from; made once. */
  staging: GPUBuffer;
}

/**
 * Reads expressions off the faces of a stream of frames: grey levels, crop, resize, preprocessing,
 * network and softmax, all recorded beforehand for one size of frame. A frame is one upload, one
 * submit and one read back, and creates no buffer.
 */
export class Recogniser {
  readonly #storage: Storage;
  readonly #slots = new Slots(FACES);
  readonly #pixels: Value;
  readonly #boxes: Value[];
  #grey!: Plan;
  readonly #readers: Reader[][] = [];
  #busy = false;

  private constructor(
    readonly gpu: Gpu,
    readonly networks: readonly Weights[],
    readonly width: number,
    readonly height: number,
  ) {
    this.#storage = new Storage(gpu);
    this.#pixels = state('frame', u32([1, height, width]));
    this.#boxes = Array.from({ length: FACES }, (_, i) => state(`box ${i}`, f32([1, 4])));
  }

  /** @param networks one, or several that all look at the same faces */
  static async create(
    gpu: Gpu,
    networks: readonly Weights[],
    size: { width: number; height: number },
  ): Promise<Recogniser> {
    const recogniser = new Recogniser(gpu, networks, size.width, size.height);
    try {
      await recogniser.#record();
      return recogniser;
    } catch (error) {
      recogniser.dispose();
      throw error;
    }
  }

  async #record(): Promise<void> {
    const storage = this.#storage;
    const grey = state('grey', f32([1, this.height, this.width]));
    const tape = new Tape(this.gpu.capabilities);
    tape.dispatch(greyForward, { pixels: this.#pixels, y: grey });
    this.#grey = await Plan.compile(tape, storage);
    for (const weights of this.networks) {
      const model = loadNetwork(weights, storage, systems);
      const readers = this.#boxes.map((box, slot) => this.#reader(model, grey, box, slot));
      this.#readers.push(await Promise.all(readers));
    }
  }

  /** Records what one network does with the face in one slot. */
  async #reader(model: Network, grey: Value, box: Value, slot: number): Promise<Reader> {
    const { size, classes, preprocess: settings } = model.config;
    const tape = new Tape(this.gpu.capabilities, undefined, model.weights);
    const picture = crop(tape, grey, box, size);
    const memory: Value[] = [];
    // As `Network.forward`, but what is shown is preprocessed once.
    const stages = new Map(
      STAGES.map((kind) => [kind, preprocess(tape, picture, kind, settings)] as const),
    );
    const seen = model.config.streams.map((kind) => stages.get(kind)!);
    const { logits } = model.forwardFrom(tape, standardize(tape, seen), 1, {
      training: false,
      step: state('step', u32([64])), // read in training alone
      memory,
    });
    if (classes.length > STAGES_BEGIN) {
      throw new FacegradError('bad-input', `live: ${classes.length} classes`, {
        wanted: classes.length,
        available: STAGES_BEGIN,
      });
    }
    const plane = Math.ceil((size * size) / 64) * 64;
    const results = state(`results ${slot}`, f32([STAGES_BEGIN + STAGES.length * plane]));
    const y = results.view('probabilities', f32([1, classes.length]));
    tape.dispatch(softmaxForward, { x: logits, y });
    STAGES.forEach((kind, i) => {
      const place = results.view(kind, f32([1, size, size]), STAGES_BEGIN + i * plane);
      // Resized to the size that it has: a copy.
      tape.dispatch(
        resizeForward,
        { x: stages.get(kind)!, y: place },
        { width: size, height: size },
      );
    });
    const plan = await Plan.compile(tape, this.#storage);
    const staging = this.gpu.createBuffer(
      'results',
      results.bytes,
      BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    );
    return { plan, results, staging, memory };
  }

  /**
   * Reads the frame's faces; one call at a time. Where a state is carried, the faces that come first
   * get the memory's `FACES` places, and the others are left out.
   */
  async read(frame: Frame): Promise<{ faces: Recognition[]; stages?: Uint8Array[] }> {
    if (this.#busy) throw new FacegradError('internal', 'a frame is already being read');
    this.#busy = true;
    try {
      this.#storage.write(this.#pixels, frame.pixels);
      let first = true;
      const faces: Recognition[] = [];
      let stages: Uint8Array[] | undefined;
      const count = frame.carry ? Math.min(FACES, frame.faces.length) : frame.faces.length;
      for (let begin = 0; begin < count; begin += FACES) {
        const part = frame.faces.slice(begin, Math.min(begin + FACES, count));
        const read = await this.#readPart(part, frame, first);
        faces.push(...read.faces);
        stages ??= read.stages;
        first = false;
      }
      // Who is not seen is forgotten.
      if (count === 0) this.#slots.assign([]);
      return { faces, stages };
    } finally {
      this.#busy = false;
    }
  }

  async #readPart(faces: Face[], { carry, show }: Frame, convert: boolean) {
    const storage = this.#storage;
    const { device } = this.gpu;
    const places = this.#slots.assign(faces.map(({ id }) => id));
    const used = places.map(({ slot, fresh }, i) => {
      const { x, y, width, height } = faces[i].box;
      storage.write(this.#boxes[slot], new Float32Array([x, y, x + width, y + height]));
      const readers = this.#readers.map((readers) => readers[slot]);
      if (fresh || !carry) {
        for (const value of readers.flatMap(({ memory }) => memory)) {
          storage.write(value, zeros(value.bytes));
        }
      }
      return { id: faces[i].id, readers };
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    if (convert) this.#grey.encode(pass);
    for (const { plan } of used.flatMap(({ readers }) => readers)) plan.encode(pass);
    pass.end();
    for (const { results, staging } of used.flatMap(({ readers }) => readers)) {
      encoder.copyBufferToBuffer(storage.buffer(results), 0, staging, 0, results.bytes);
    }
    device.queue.submit([encoder.finish()]);
    let stages: Uint8Array[] | undefined;
    const recognitions: Recognition[] = await Promise.all(
      used.map(async ({ id, readers }) => ({
        id,
        probabilities: await Promise.all(
          readers.map(async ({ staging }, network) => {
            const { classes, size } = this.networks[network].config;
            await this.gpu.map(staging).catch((error) => {
              this.gpu.assertAlive();
              throw error;
            });
            const floats = new Float32Array(staging.getMappedRange());
            const probabilities = floats.slice(0, classes.length);
            if (id === show && network === 0) stages = pictures(floats, size);
            staging.unmap();
            this.gpu.assertAlive();
            return probabilities;
          }),
        ),
      })),
    );
    return { faces: recognitions, stages };
  }

  /** Forgets every face. */
  reset(): void {
    this.#slots.assign([]);
  }

  get dispatchCount(): number {
    return this.#grey.dispatchCount + (this.#readers[0]?.[0].plan.dispatchCount ?? 0);
  }

  /** Times of each dispatch for one face. */
  profile() {
    return this.#readers[0][0].plan.profile();
  }

  dispose(): void {
    for (const { plan, staging } of this.#readers.flat()) {
      plan.dispose();
      staging.destroy();
    }
    this.#grey?.dispose();
    this.#storage.dispose();
  }
}

/** Whether a network remembers: carries a state from one frame to the next. */
export function remembers({ config }: Pick<Weights, 'config'>): boolean {
  const memory: Value[] = [];
  const picture = state('picture', f32([1, config.size, config.size]));
  const step = state('step', u32([64]));
  createNetwork(config, systems).forward(new Tape(), picture, 1, { training: false, step, memory });
  return memory.length > 0;
}

/**
 * The box as a picture of size x size: cut out at up to four times that, and halved from there, so that
 * every pixel of a large face counts.
 */
function crop(tape: Tape, grey: Value, box: Value, size: number): Value {
  let side = size * (size <= 128 ? 4 : size <= 256 ? 2 : 1);
  let picture = tape.dispatch(resizeCrop, { x: grey, boxes: box }, { width: side, height: side }).y;
  while (side > size) {
    side /= 2;
    picture = tape.dispatch(resizeForward, { x: picture }, { width: side, height: side }).y;
  }
  return picture;
}

function pictures(floats: Float32Array, size: number): Uint8Array[] {
  const plane = Math.ceil((size * size) / 64) * 64;
  return STAGES.map((_, i) => {
    const begin = STAGES_BEGIN + i * plane;
    return Uint8Array.from(floats.subarray(begin, begin + size * size));
  });
}

const nothing = new Uint8Array(4096);
const zeros = (bytes: number) =>
  bytes <= 4096 ? nothing.subarray(0, bytes) : new Uint8Array(bytes);
