import { expect, it } from 'vitest';
import shader from '../../shaders/relu/forward.wgsl';
import { PipelineCache } from '../../src/gpu/pipelines';
import { testGpu } from '../support/gpu';

const FILE = 'shaders/relu/forward.wgsl';

it('compiles another text in place of a file, and says so', async () => {
  const { device } = await testGpu();
  const pipelines = new PipelineCache(device);
  pipelines.replace(FILE, shader.code.replace('fn main', '// mine\nfn main'));
  expect([...pipelines.replaced]).toEqual([]);
  await pipelines.get({ shader });
  expect([...pipelines.replaced]).toEqual([FILE]);
});

it('tells the line of a text that cannot be compiled', async () => {
  const { device } = await testGpu();
  const pipelines = new PipelineCache(device);
  pipelines.replace(FILE, `nonsense\n${shader.code}`);
  await expect(pipelines.get({ shader })).rejects.toThrow(/relu\/forward\.wgsl:1:\d/);
});
