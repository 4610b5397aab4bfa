/** The rungs of the ladders: each is a right kernel, on the machine and on a GPU. */
import { describe, expect, it } from 'vitest';
import { check, costsOf } from '../../learn/check';
import { runOnGpu, runsOn } from '../../learn/gpu';
import conv5x5 from '../../learn/ladder/conv5x5';
import matmul from '../../learn/ladder/matmul';
import reduce from '../../learn/ladder/reduce';
import { testGpu } from '../support/gpu';

/** Reads and segments for each number of the answer, rung by rung. */
const COSTS = {
  matmul: [
    [64, 34],
    [64, 5.125],
    [8, 1.125],
    [16, 2.5],
    [10, 1.375],
    [1.25, 0.375],
    [16, 2.5],
    [4, 1.375],
  ],
  reduce: [
    [1024, 1024.25],
    [1024, 1025],
    [1024, 129],
    [1024, 129],
    [256, 129],
    [256, 129],
    [1024, 129],
  ],
  conv5x5: [
    [78.625, 16.3359375],
    [100, 9.875],
    [54.5, 2.4375],
    [17.5, 4.015625],
    [13.125, 1.28125],
    [6.625, 1.125],
    [2.75, 0.85546875],
  ],
};

describe.each(Object.entries({ matmul, reduce, conv5x5 }))('%s', (name, ladder) => {
  it.each(ladder.rungs)('$title', async (rung) => {
    expect(check(rung, rung.shader.code).problems).toEqual([]);
    const gpu = await testGpu();
    if (runsOn(gpu, rung)) expect(await runOnGpu(gpu, rung, rung.shader.code)).toBeNull();
    else expect(rung.shader.features).toEqual(['subgroups']);
  });

  it('costs what it did', () => {
    const costs = costsOf(ladder).map(({ reads, segments }) => [reads, segments]);
    expect(costs).toEqual(COSTS[name as keyof typeof COSTS]);
  });
});

it('says which rungs an adapter without subgroups cannot run', () => {
  const bare = { capabilities: { features: new Set<string>(), subgroupMinSize: 0 } };
  const rungs = [...matmul.rungs, ...reduce.rungs, ...conv5x5.rungs];
  const left = rungs.filter((rung) => !runsOn(bare, rung));
  expect(left.map(({ title }) => title)).toEqual([
    'Broadcast: what facegrad runs for large ones',
    'subgroupAdd',
    'Broadcast: what facegrad runs with subgroups',
  ]);
  const of = (subgroupMinSize: number) => ({
    capabilities: { features: new Set(['subgroups']), subgroupMinSize },
  });
  expect(rungs.filter((rung) => !runsOn(of(4), rung))).toEqual([conv5x5.rungs.at(-1)]);
  expect(rungs.filter((rung) => !runsOn(of(8), rung))).toEqual([]);
});
