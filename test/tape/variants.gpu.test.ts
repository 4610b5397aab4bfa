import { expect, it, vi } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { adapterName, Gpu } from '../../src/gpu/device';
import type { PipelineRequest } from '../../src/gpu/pipelines';
import { DIRECT } from '../../src/kernels/tuning';
import { leaveOutWrong, type VerdictStore } from '../../src/tape/variants';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { openTestGpu } from '../support/gpu';

const FAST = ['tiled', 'subgroup'];

/** A device whose fast convolutions lose the sign of every sum, as a faulty driver might. */
async function faulty(): Promise<Gpu> {
  const gpu = await openTestGpu();
  const get = gpu.pipelines.get.bind(gpu.pipelines);
  gpu.pipelines.get = (request: PipelineRequest) => {
    const { shader } = request;
    if (!/conv5x5\/forward(_map\d_subgroup|_subgroup)?\.wgsl$/.test(shader.path))
      return get(request);
    const code = shader.code.replace(/^(\s*y\[.*\] = )(.*);/gm, '$1abs($2);');
    expect(code).not.toBe(shader.code);
    return get({ ...request, shader: { ...shader, code } });
  };
  return gpu;
}

function store(): VerdictStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (key) => kept.get(key),
    set: async (key, verdict) => void kept.set(key, verdict),
  };
}

/** The loss of each step. */
async function train(gpu: Gpu): Promise<number[]> {
  const config = trainConfig('tiny', {
    epochs: 3,
    batch: 8,
    seed: 3,
    logEvery: 1,
    tuning: DIRECT, // no Winograd, which would stand in for the faulty ones
  });
  const data = { training: syntheticFaces({ seed: 1, count: 24, size: 48 }) };
  const trainer = await Trainer.create(gpu, config, data);
  const losses: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
  trainer.dispose();
  return losses;
}

it('leaves nothing out on an adapter that is right, and remembers it', async () => {
  const gpu = await openTestGpu();
  const verdicts = store();
  await leaveOutWrong(gpu, verdicts);
  expect([...verdicts.kept.values()]).toEqual(['']);
  expect(gpu.adapter.without).toBeUndefined();
  gpu.dispose();
});

it('finds a variant that is wrong on this adapter, says so, and trains without it', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const [right, trusting, checking] = [await openTestGpu(), await faulty(), await faulty()];
  const expected = await train(right);
  const wrong = await train(trusting);
  expect(Math.abs(wrong.at(-1)! - expected.at(-1)!)).toBeGreaterThan(0.01);

  checking.adapter.description += ' with a fault'; // it is another adapter
  const verdicts = store();
  await leaveOutWrong(checking, verdicts);
  const [verdict] = verdicts.kept.values();
  expect(FAST).toEqual(expect.arrayContaining(verdict.split(',')));
  expect(adapterName(checking.adapter)).toMatch(/, without .*tiled/);
  expect(warn.mock.lastCall?.[0]).toMatch(/gets these convolutions wrong: .*tiled/);
  const given = await train(checking);
  given.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i], 3));
  warn.mockRestore();
  for (const gpu of [right, trusting, checking]) gpu.dispose();
});
