import { beforeAll, describe, expect, it } from 'vitest';
import { requestGpu, type Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { f32 } from '../../src/kernels/kernel';
import { eager } from '../../src/eager/eager';
import { linear, relu, softmax } from '../../src/eager/operations';
import { Tensor } from '../../src/eager/tensor';
import { accumulate } from '../../src/kernels/add';
import { defineOperation, type Tape } from '../../src/tape/tape';
import type { Value } from '../../src/tape/value';
import { testGpu } from '../support/gpu';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await testGpu();
});

const x = { shape: [2, 3], data: Float32Array.of(1, -2, 3, -4, 5, -6) };
const weight = { shape: [1, 3], data: Float32Array.of(1, 2, 4) };
const bias = { shape: [1], data: Float32Array.of(0.5) };

/** Buffers made and not destroyed, counted at the device. */
function countBuffers() {
  const { device } = gpu;
  const live = new Map<GPUBuffer, number>();
  const original = device.createBuffer;
  device.createBuffer = (descriptor) => {
    const buffer = original.call(device, descriptor);
    live.set(buffer, descriptor.size);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      live.delete(buffer);
      return destroy();
    };
    return buffer;
  };
  return { live, stop: () => (device.createBuffer = original) };
}

/** Rejects with a FacegradError of this kind whose message has these words. */
async function fails(call: Promise<unknown> | (() => unknown), kind: string, words: RegExp) {
  const error = await (async () => (typeof call === 'function' ? call() : call))().then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(FacegradError);
  expect((error as FacegradError).kind).toBe(kind);
  expect((error as FacegradError).message).toMatch(words);
}

describe('an eager call', () => {
  it('takes arrays and gives arrays', async () => {
    const { y } = await linear(gpu, { x, weight, bias });
    expect(y).toEqual({ shape: [2, 1], data: Float32Array.of(9.5, -17.5) });
  });

  it('takes plain numbers', async () => {
    const { y } = await relu(gpu, { x: { shape: [3], data: [-1, 0, 2] } });
    expect([...y.data]).toEqual([0, 0, 2]);
  });

  it('gives tensors where one is among the inputs, which go from call to call', async () => {
    const t = Tensor.from(gpu, x);
    const { y } = await linear(gpu, { x: t, weight, bias });
    expect(y).toBeInstanceOf(Tensor);
    const z = (await relu(gpu, { x: y })).y;
    expect([...(await z.read())]).toEqual([9.5, 0]);
    expect(z.shape).toEqual([2, 1]);
    expect([...(await t.read())]).toEqual([...x.data]);
    for (const tensor of [t, y, z]) tensor.dispose();
  });

  it('has the gradient of every input', async () => {
    const dy = { shape: [2, 1], data: Float32Array.of(1, 10) };
    const gradients = await linear.backward(gpu, { x, weight, bias }, { y: dy });
    expect([...gradients.x!.data]).toEqual([1, 2, 4, 10, 20, 40]);
    expect([...gradients.weight!.data]).toEqual([-39, 48, -57]);
    expect([...gradients.bias!.data]).toEqual([11]);
    expect(gradients.weight!.shape).toEqual([1, 3]);
  });

  it('has the gradient as tensors too', async () => {
    const t = Tensor.from(gpu, x);
    const dy = Tensor.from(gpu, { shape: [2, 3], data: new Float32Array(6).fill(2) });
    const gradients = await relu.backward(gpu, { x: t }, { y: dy });
    expect([...(await gradients.x!.read())]).toEqual([2, 0, 2, 0, 2, 0]);
    for (const tensor of [t, dy, gradients.x!]) tensor.dispose();
  });

  it('works while others are under way', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        relu(gpu, { x: { shape: [2], data: Float32Array.of(i, -i) } }),
      ),
    );
    expect(results.map(({ y }) => y.data[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('finishes although its input is disposed meanwhile', async () => {
    const t = Tensor.from(gpu, x);
    const call = relu(gpu, { x: t });
    t.dispose();
    const { y } = await call;
    expect([...(await y.read())]).toEqual([1, 0, 3, 0, 5, 0]);
    y.dispose();
  });

  it('leaves alone what an operation updates, and gives it back', async () => {
    const total = eager(
      defineOperation({
        name: 'total',
        forward(tape: Tape, { sum, x }: Record<'sum' | 'x', Value>): Record<'y', Value> {
          tape.dispatch(accumulate, { y: sum, x });
          return { y: x };
        },
      }),
      { sum: 'f32', x: 'f32' },
    );
    const sum = { shape: [2], data: Float32Array.of(1, 2) };
    const part = { shape: [2], data: Float32Array.of(10, 20) };
    const given = Tensor.from(gpu, sum);
    const after = await total(gpu, { sum: given, x: part });
    expect([...(await after.sum!.read())]).toEqual([11, 22]);
    expect([...(await given.read())]).toEqual([1, 2]);
    expect([...(await total(gpu, { sum, x: part })).sum!.data]).toEqual([11, 22]);
    for (const tensor of [given, after.sum!, after.y]) tensor.dispose();
  });

  it('takes what has no element', async () => {
    const { y } = await relu(gpu, { x: { shape: [0, 3], data: new Float32Array(0) } });
    expect(y).toEqual({ shape: [0, 3], data: new Float32Array(0) });
  });
});

describe('memory', () => {
  it('10,000 calls leave as many buffers and bytes as there were', async () => {
    const { live, stop } = countBuffers();
    try {
      const t = Tensor.from(gpu, x);
      for (let i = 0; i < 5000; i += 50) {
        const calls = Array.from({ length: 50 }, () => relu(gpu, { x: t }));
        for (const { y } of await Promise.all(calls)) y.dispose();
        const dy = { y: { shape: [2, 3], data: x.data } };
        await Promise.all(Array.from({ length: 50 }, () => softmax.backward(gpu, { x }, dy)));
      }
      t.dispose();
      expect(live.size).toBe(0);
    } finally {
      stop();
    }
  }, 400_000);

  it('a call that fails leaves nothing', async () => {
    const { live, stop } = countBuffers();
    const wrong = { shape: [1, 5], data: new Float32Array(5) };
    await expect(linear(gpu, { x, weight: wrong, bias })).rejects.toThrow(FacegradError);
    stop();
    expect(live.size).toBe(0);
  });
});

describe('bad input is told as such', () => {
  it('a disposed tensor', async () => {
    const t = Tensor.from(gpu, x);
    t.dispose();
    t.dispose();
    expect(t.disposed).toBe(true);
    await fails(relu(gpu, { x: t }), 'bad-input', /relu: x: the tensor \[2,3\] has been disposed/);
    await fails(t.read(), 'bad-input', /disposed/);
  });

  it('a tensor of another device', async () => {
    const inNode = typeof window === 'undefined';
    const other = inNode
      ? await (await import('../../src/gpu/node')).requestNodeGpu()
      : await requestGpu();
    const t = Tensor.from(other, x);
    await fails(relu(gpu, { x: t }), 'bad-input', /another device/);
    t.dispose();
    other.dispose();
    await fails(relu(other, { x }), 'bad-input', /disposed/);
  });

  it('inputs that are missing, unknown or of another type', async () => {
    await fails(linear(gpu, { x, bias } as never), 'bad-input', /weight is missing/);
    await fails(relu(gpu, { x, y: x } as never), 'bad-input', /no input y/);
    const whole = { shape: [2], data: Int32Array.of(1, 2) };
    await fails(relu(gpu, { x: whole }), 'bad-input', /x must be f32, not i32/);
    const doubles = { shape: [1], data: Float64Array.of(1) };
    await fails(relu(gpu, { x: doubles as never }), 'bad-input', /must be f32/);
  });

  it('shapes that do not fit', async () => {
    const short = { shape: [2, 2], data: new Float32Array(3) };
    await fails(() => Tensor.from(gpu, short), 'bad-input', /4 elements but the data has 3/);
    await fails(
      () => Tensor.from(gpu, { shape: [-1], data: new Float32Array(1) }),
      'bad-input',
      /not a valid shape/,
    );
    await fails(relu.backward(gpu, { x }, { y: bias }), 'bad-input', /gradient of y is \[1\]/);
    await fails(
      relu.backward(gpu, { x }, {}),
      'bad-input',
      /needs the gradient of at least one output/,
    );
  });

  it('the gradient of what has none', async () => {
    const none = eager(
      defineOperation({
        name: 'none',
        forward: (_tape: Tape, { x }: Record<'x', Value>): Record<'y', Value> => ({ y: x }),
      }),
      { x: 'f32' },
    );
    await fails(none.backward(gpu, { x }, { y: x }), 'unsupported', /none has no gradient/);
  });

  it('more than the device holds', async () => {
    const empty = f32([1 << 15, 1 << 15]);
    await fails(() => Tensor.empty(gpu, empty), 'limit', /the device allows/);
  });
});
