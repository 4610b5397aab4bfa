import type { AnySystem } from '../../src/nn/systems';
import type { Runtime, RuntimeName } from './runtime';

/** Opens the runtime of a `--runtime` option. The other one's packages are not even loaded. */
export async function openRuntime(
  name: RuntimeName,
  systems: readonly AnySystem[],
  log?: (line: string) => void,
): Promise<Runtime> {
  if (name === 'node') {
    const [{ nodeRuntime }, { jobs }] = await Promise.all([
      import('./node'),
      import('../jobs/index'),
    ]);
    return nodeRuntime(jobs, systems);
  }
  return (await import('./chrome')).chromeRuntime({ log });
}
