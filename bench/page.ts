import { requestGpu } from '../src/gpu/device';
import { benchCases } from './cases';
import { measure } from './measure';
import type { BenchPage } from './run';
import { paperStepDispatches } from './training_step';

const page = window as unknown as BenchPage;

/** Called by bench/run.ts, which listens for `facegradBenchResult`. */
page.facegradBench = async ({ filter, repeats }) => {
  const gpu = await requestGpu({ powerPreference: 'high-performance' });
  await measure(gpu, await benchCases(filter), {
    repeats,
    cpuTime: (await page.facegradCpuTime()) > 0 ? page.facegradCpuTime : undefined,
    onResult: page.facegradBenchResult,
  });
  const step = paperStepDispatches(gpu);
  gpu.dispose();
  return { adapter: gpu.adapter, subgroupSize: gpu.capabilities.subgroupSize, step };
};
document.title = 'ready';
