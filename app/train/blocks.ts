/** The blocks of a forward pass that a pixel can be followed through: 5x5 convolution, batch norm, ReLU, max-pool. */
import { planeStride } from '../../src/kernels/kernel';
import { bnReluPool } from '../../src/tape/operations/bn_relu_pool';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import type { TypedArray } from '../../src/tape/storage';
import { Tape, type Operation } from '../../src/tape/tape';
import type { Value } from '../../src/tape/value';
import type { Arithmetic, Pixel } from './protocol';

const WINDOW = 5;
const POOL = 2;

/** What a block reads and writes: x [G, 1, C, H, W], weight [G, C, 5, 5, O], sums [G, 1, O, H, W], y [G, 1, O, H/2, W/2]. */
export interface Block {
  x: Value;
  weight: Value;
  sums: Value;
  running_mean: Value;
  running_var: Value;
  gamma: Value;
  beta: Value;
  y: Value;
  eps: number;
}

/** A tape that remembers which convolution and which batch norm made what. */
export class BlocksTape extends Tape {
  readonly blocks: Block[] = [];
  readonly #convolutions: { x: Value; weight: Value; y: Value }[] = [];

  override apply<
    In extends { [K in keyof In]: Value | undefined },
    O extends string,
    S extends string,
    A,
  >(
    operation: Operation<In, O, S, A>,
    read: In,
    attributes: A = undefined as A,
  ): Record<O | S, Value> {
    const outputs = super.apply(operation, read, attributes);
    const { x, ...rest } = read as Record<string, Value>;
    const { y } = outputs as Record<string, Value>;
    if (operation.name === conv5x5.name) {
      this.#convolutions.push({ x: x.settle('any'), weight: rest.weight, y });
    } else if (operation.name === bnReluPool.name) {
      const sums = x.settle('any');
      const made = this.#convolutions.find(({ y }) => y === sums);
      const { eps = 1e-5 } = attributes as { eps?: number };
      if (made) this.blocks.push({ ...(rest as unknown as Block), ...made, sums, y, eps });
    }
    return outputs;
  }
}

/** The elements of a tensor by their indices, whatever its layout; zero around it. */
export function elements(data: TypedArray, { shape, spec }: Value) {
  const [channels, height, width] = shape.slice(-3);
  const { border, rowStride } = spec.layout ?? { border: 0, rowStride: width };
  const plane = planeStride(shape, spec.layout);
  return (stream: number, channel: number, y: number, x: number) =>
    y < 0 || x < 0 || y >= height || x >= width
      ? 0
      : data[(stream * channels + channel) * plane + (y + border) * rowStride + x + border];
}

/**
 * The numbers behind a pixel of the map that a stream's block ends in.
 * @param read copies a value back from the GPU; it is called for all of them before the first has come
 */
export async function arithmeticOf(
  block: Block,
  stream: number,
  pixel: Pixel,
  read: (value: Value) => Promise<TypedArray>,
): Promise<Arithmetic> {
  const { weight, eps } = block;
  const names = [
    'x',
    'weight',
    'sums',
    'running_mean',
    'running_var',
    'gamma',
    'beta',
    'y',
  ] as const;
  const [x, weights, sums, ...rest] = await Promise.all(names.map((name) => read(block[name])));
  const [, channels, , , outputs] = weight.shape;
  const [mean, variance, gamma, beta] = rest.map((data) => data[stream * outputs + pixel.map]);
  const deviation = Math.sqrt(variance + eps);
  const given = elements(x, block.x);
  const made = elements(sums, block.sums);
  const map = elements(rest[4], block.y);

  const taps = Array.from({ length: WINDOW * WINDOW }, (_, i) => i);
  const places = Array.from({ length: POOL * POOL }, (_, i) => {
    const row = POOL * pixel.y + Math.floor(i / POOL);
    const column = POOL * pixel.x + (i % POOL);
    const windows = Array.from({ length: channels }, (_, c) =>
      taps.map((i) =>
        given(stream, c, row + Math.floor(i / WINDOW) - 2, column + (i % WINDOW) - 2),
      ),
    );
    return { row, column, windows, sum: made(stream, pixel.map, row, column) };
  });
  const [height, width] = block.y.shape.slice(-2);
  return {
    pixel,
    maps: outputs,
    height,
    width,
    weights: Array.from({ length: channels }, (_, c) =>
      taps.map((i) => weights[((stream * channels + c) * taps.length + i) * outputs + pixel.map]),
    ),
    places,
    norm: { mean, deviation, gamma, beta },
    value: map(stream, pixel.map, pixel.y, pixel.x),
  };
}
