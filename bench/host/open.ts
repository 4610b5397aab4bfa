import type { BenchRuntime, RuntimeName } from './runtime';

export const isRuntime = (name: string): name is RuntimeName =>
  name === 'chrome' || name === 'node';

/**
 * The other runtime's packages are not even loaded.
 * @param onProgress what is being done, line by line
 */
export async function openRuntime(
  name: RuntimeName,
  onProgress: (text: string) => void,
): Promise<BenchRuntime> {
  if (name === 'node') return (await import('./node')).nodeBench(onProgress);
  return (await import('./chrome')).chromeBench(onProgress);
}
