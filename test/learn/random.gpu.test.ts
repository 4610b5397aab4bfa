/// <reference types="vite/client" />
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compile, Execution } from '../../learn/machine';
import { testGpu } from '../support/gpu';
import { SEED } from '../support/random';
import { program, shaderOf, THREADS } from './random_program';

/** 1,000 programs in Chrome and 1,000 in Node: tests, of shaders, of so many programs. */
const TESTS = 5;
const SHADERS = 20;
const TOGETHER = 10; // a longer shader takes SwiftShader more than proportionally longer

async function onGpu(
  code: string,
  seeds: Uint32Array<ArrayBuffer>,
  words: number,
): Promise<Uint32Array> {
  const gpu = await testGpu();
  const { device } = gpu;
  return gpu.checked('random programs', async () => {
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module },
    });
    const buffer = (size: number, usage: number) => device.createBuffer({ size, usage });
    const [out, given, staging] = [
      buffer(words * 4, 0x80 | 0x4),
      buffer(seeds.byteLength, 0x80 | 0x8),
      buffer(words * 4, 0x1 | 0x8),
    ];
    device.queue.writeBuffer(given, 0, seeds);
    const entries = [out, given].map((each, binding) => ({ binding, resource: { buffer: each } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(out, 0, staging, 0, words * 4);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const result = new Uint32Array(staging.getMappedRange().slice(0));
    for (const each of [out, given, staging]) each.destroy();
    return result;
  });
}

function onMachine(code: string, seeds: Uint32Array<ArrayBuffer>, words: number): Uint32Array {
  const out = new Uint32Array(words);
  const findings = new Execution(compile(code), {
    buffers: { 0: [out.buffer, seeds.buffer] },
    workgroups: [1, 1, 1],
  }).run();
  expect(findings).toEqual([]);
  return out;
}

const seeds = Array.from({ length: TESTS }, (_, i) => SEED + i);

it.each(seeds)('random programs of seed %i are the same on machine and GPU', async (seed) => {
  const several = fc.array(fc.tuple(program, fc.nat(2 ** 31 - 1)), {
    minLength: TOGETHER,
    maxLength: TOGETHER,
  });
  await fc.assert(
    fc.asyncProperty(several, async (given) => {
      const code = shaderOf(given.map(([text]) => text));
      const words = given.length * THREADS;
      const inputs = Uint32Array.from(given, ([, s]) => s);
      const machine = onMachine(code, inputs, words);
      const gpu = await onGpu(code, inputs, words);
      const at = gpu.findIndex((word, i) => word !== machine[i]);
      if (at < 0) return;
      const n = Math.floor(at / THREADS);
      throw new Error(
        `thread ${at % THREADS}, seed ${given[n][1]}: ${machine[at]} on the machine, ${gpu[at]} on the GPU\n${given[n][0]}`,
      );
    }),
    { seed, numRuns: SHADERS, endOnFailure: true },
  );
});
