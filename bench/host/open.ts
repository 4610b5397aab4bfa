import { chromeBench } from './chrome';
import { nodeBench } from './node';
import type { BenchRuntime, RuntimeName } from './runtime';

export const isRuntime = (name: string): name is RuntimeName =>
  name === 'chrome' || name === 'node';

/** @param onProgress what is being done, line by line */
export function openRuntime(
  name: RuntimeName,
  onProgress: (text: string) => void,
): Promise<BenchRuntime> {
  return (name === 'node' ? nodeBench : chromeBench)(onProgress);
}
