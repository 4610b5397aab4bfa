import { describe, expect, it } from 'vitest';
import { requestGpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { defineKernel, f32, linear } from '../../src/kernels/kernel';
import { reluForward } from '../../src/kernels/relu';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { syntheticFaces } from '../../src/data/synthetic';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { countBuffers } from '../support/count_buffers';
import { testGpu } from '../support/gpu';

async function thrown(action: () => unknown): Promise<FacegradError> {
  const error = await Promise.resolve()
    .then(action)
    .then(
      () => undefined,
      (e: unknown) => e,
    );
  expect(error).toBeInstanceOf(FacegradError);
  return error as FacegradError;
}

const shader = {
  path: 'shaders/broken/forward.wgsl',
  code: '@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}\n',
  bindings: [],
  params: null,
  overrides: [],
  tunables: {},
  features: [],
  workgroupSize: [1, 1, 1] as [number, number, number],
};

describe('a shader', () => {
  it('that does not compile is named with its line, and may be tried again', async () => {
    const gpu = await testGpu();
    for (let i = 0; i < 2; i++) {
      const { kind, message, operation } = await thrown(() => gpu.pipelines.get({ shader }));
      expect(kind).toBe('shader');
      expect(message).toMatch(/^shaders\/broken\/forward\.wgsl:3:\d+: /);
      expect(operation).toBe(shader.path);
    }
  });

  it('that needs a feature which the device has not', async () => {
    const gpu = await testGpu();
    const needs = { ...shader, path: 'needs', features: ['no-such-feature'] };
    const { kind, message, wanted } = await thrown(() => gpu.pipelines.get({ shader: needs }));
    expect([kind, message, wanted]).toEqual([
      'unsupported',
      'needs needs no-such-feature',
      ['no-such-feature'],
    ]);
  });
});

describe('a device', () => {
  /** An adapter that offers nothing beyond the defaults. */
  async function plainGpu() {
    const gpu = await testGpu();
    const { features } = gpu.capabilities;
    const entry = typeof navigator !== 'undefined' && navigator.gpu ? navigator.gpu : undefined;
    const without = [...features] as GPUFeatureName[];
    if (entry) return requestGpu({ gpu: entry, without });
    const { requestNodeGpu } = await import('../../src/gpu/node');
    return requestNodeGpu({ without });
  }

  it('without optional features and with default limits trains', async () => {
    const gpu = await plainGpu();
    const used = ['shader-f16', 'subgroups', 'timestamp-query'];
    expect(used.filter((feature) => gpu.capabilities.features.has(feature))).toEqual([]);
    expect(gpu.device.limits.maxStorageBufferBindingSize).toBe(2 ** 27);
    expect(gpu.device.limits.maxComputeInvocationsPerWorkgroup).toBe(256);
    const config = trainConfig('tiny', {
      epochs: 1,
      batch: 7,
      model: { size: 16, widths: [3, 4], dense: 6, hidden: 5 },
    });
    const trainer = await Trainer.create(gpu, config, {
      training: syntheticFaces({ seed: 1, count: 7, size: 24 }),
    });
    let loss = NaN;
    for await (const event of trainer.run()) if (event.type === 'step') loss = event.loss;
    expect(loss).toBeGreaterThan(0);
    trainer.dispose();
    gpu.dispose();
  });

  it('that is not there is told from an adapter that is not there', async () => {
    const none = await thrown(() =>
      requestGpu({ gpu: { requestAdapter: async () => null } as unknown as GPU }),
    );
    expect([none.kind, none.message]).toEqual([
      'unsupported',
      'WebGPU is available, but it finds no GPU adapter',
    ]);
  });

  it('that was disposed says so', async () => {
    const gpu = await plainGpu();
    const storage = new Storage(gpu);
    gpu.dispose();
    const { message } = await thrown(() =>
      storage.write(state('x', f32([1])), new Float32Array(1)),
    );
    expect(message).toMatch(/has been disposed/);
  });
});

describe('buffers', () => {
  it('beyond the limit are refused with both numbers, and nothing is left behind', async () => {
    const gpu = await testGpu();
    const limit = gpu.device.limits.maxStorageBufferBindingSize;
    const buffers = countBuffers(gpu);
    const storage = new Storage(gpu);
    const tape = new Tape(gpu.capabilities);
    const x = state('picture', f32([limit / 4 + 1]));
    tape.dispatch(reluForward, { x, y: state('y', x.spec) });
    const error = await thrown(() => Plan.compile(tape, storage));
    storage.dispose();
    expect(error.kind).toBe('limit');
    expect(error.message).toContain(`${limit + 4} bytes; the device allows ${limit}`);
    expect(buffers.count).toBe(0);
    buffers.stop();
  });

  it('more workgroups than the device dispatches are refused by name', async () => {
    const gpu = await testGpu();
    const tape = new Tape(gpu.capabilities);
    const many = defineKernel({ ...reluForward, workgroups: () => [70_000, 1, 1] });
    const x = state('x', f32([4]));
    tape.dispatch(many, { x, y: state('y', x.spec) });
    const storage = new Storage(gpu);
    const { kind, message } = await thrown(() => Plan.compile(tape, storage));
    storage.dispose();
    expect([kind, message]).toEqual(['limit', 'relu.forward: 70000,1,1 workgroups']);
    expect(linear(70_000 * 64, 64)[1]).toBe(2);
  });

  it('what is written beyond a tensor is refused', async () => {
    const storage = new Storage(await testGpu());
    const { kind } = await thrown(() => storage.write(state('x', f32([4])), new Float32Array(5)));
    expect(kind).toBe('bad-input');
    storage.dispose();
  });
});

describe('plans', () => {
  it('500 of them, made, run and disposed, leave buffers and bytes as they were', async () => {
    const gpu = await testGpu();
    const storage = new Storage(gpu);
    const x = state('x', f32([3, 5]));
    storage.write(
      x,
      Float32Array.from({ length: 15 }, (_, i) => i - 7),
    );
    const buffers = countBuffers(gpu);
    const held = storage.bytes;
    for (let i = 0; i < 500; i++) {
      const tape = new Tape(gpu.capabilities);
      const { y } = tape.dispatch(reluForward, { x });
      const { y: z } = tape.dispatch(reluForward, { x: y });
      const plan = await Plan.compile(tape, storage, { keep: [z] });
      expect(buffers.count).toBeGreaterThan(0);
      plan.run();
      if (i % 100 === 0) expect((await plan.read(z))[14]).toBe(7);
      plan.dispose();
    }
    await gpu.device.queue.onSubmittedWorkDone();
    expect(buffers.made).toBeGreaterThan(1000);
    expect(buffers.count).toBe(0);
    expect(buffers.bytes).toBe(0);
    expect(storage.bytes).toBe(held);
    buffers.stop();
    storage.dispose();
  });

  it('a plan that was disposed says so', async () => {
    const storage = new Storage(await testGpu());
    const tape = new Tape();
    const x = state('x', f32([4]));
    const { y } = tape.dispatch(reluForward, { x });
    const plan = await Plan.compile(tape, storage, { keep: [y] });
    plan.dispose();
    for (const use of [() => plan.run(), () => plan.read(y), () => plan.firstNotFinite()]) {
      expect((await thrown(use)).message).toMatch(/disposed|was not kept/);
    }
    storage.dispose();
  });

  it('trainers leave nothing behind', async () => {
    const gpu = await testGpu();
    const buffers = countBuffers(gpu);
    const set = syntheticFaces({ seed: 1, count: 7, size: 24 });
    const config = trainConfig('tiny', {
      epochs: 1,
      batch: 7,
      model: { size: 16, widths: [3, 4], dense: 6, hidden: 5 },
    });
    for (let i = 0; i < 3; i++) {
      const trainer = await Trainer.create(gpu, config, { training: set, validation: set });
      for await (const event of trainer.run()) void event;
      await trainer.checkpoint();
      trainer.dispose();
      expect(buffers.count).toBe(0);
    }
    buffers.stop();
  });
});
