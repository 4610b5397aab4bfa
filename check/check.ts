/** Every kernel, with the cases of its tests, against its reference on the adapter that is here. */
import { startTests, type File, type Task, type VitestRunner } from '@vitest/runner';
import { adapterName } from '../src/gpu/device';
import { testGpu } from '../test/support/gpu';
import type { CheckReport, Progress } from './report';

const FILES = import.meta.glob('../test/kernels/*.gpu.test.ts');

const kernelOf = (path: string) => /([^/]+)\.gpu\.test\.ts$/.exec(path)![1];

/** @param wanted kernels to check, all where it is left out */
export async function checkGpu(
  onProgress: (progress: Progress) => void,
  wanted?: readonly string[],
): Promise<CheckReport> {
  const { adapter, capabilities } = await testGpu();
  const begin = performance.now();
  const paths = Object.keys(FILES).filter((path) => wanted?.includes(kernelOf(path)) ?? true);
  const runner: VitestRunner = {
    config: {
      root: '/',
      setupFiles: [],
      name: undefined,
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (path) => FILES[path](),
  };
  const report: CheckReport = {
    adapter: adapterName(adapter),
    subgroups: [capabilities.subgroupMinSize, capabilities.subgroupMaxSize],
    features: [...capabilities.features].sort(),
    seconds: 0,
    cases: 0,
    kernels: paths.length,
    wrong: [],
  };
  for (const [done, path] of paths.entries()) {
    onProgress({ done, total: paths.length, kernel: kernelOf(path) });
    const files: File[] = await startTests([path], runner);
    for (const file of files) {
      if (file.tasks.length === 0 || file.result?.errors?.length) note(report, file, file);
      for (const task of file.tasks) count(report, file, task);
    }
  }
  report.seconds = (performance.now() - begin) / 1000;
  return report;
}

function count(report: CheckReport, file: File, task: Task): void {
  if (task.type === 'suite') return task.tasks.forEach((inner) => count(report, file, inner));
  report.cases++;
  if (task.result?.state !== 'pass') note(report, file, task);
}

function note(report: CheckReport, file: File, task: Task): void {
  const names = [kernelOf(file.filepath)];
  for (let one: Task | undefined = task; one && one !== file; one = one.suite) {
    names.splice(1, 0, one.name);
  }
  const reason = task.result?.errors?.[0]?.message ?? 'it did not run';
  report.wrong.push({ test: names.join(' > '), reason: reason.slice(0, 300) });
}
