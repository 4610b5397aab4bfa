import { spawnSync } from 'node:child_process';
import { findDeno } from './deno';
import { findDisplay, findFirefox, firefoxVersion } from './firefox';
import { installLavapipe, nodeAdapter } from './node_adapter';

/** Makes this machine ready for one engine, and says which it is, or why its tests are left out. */
export async function main([engine]: string[]): Promise<number> {
  try {
    installLavapipe();
    const adapter = await nodeAdapter();
    if (!adapter) throw new Error('Vulkan finds no adapter');
    console.log(`\n${name(engine)}, on ${adapter}`);
    return 0;
  } catch (error) {
    console.log(`\nLeft out: the tests of '${engine}': ${(error as Error).message}`);
    return 1;
  }
}

/** @throws where the engine is missing and cannot be installed */
function name(engine: string): string {
  if (engine === 'node') return `Node ${process.versions.node}`;
  if (engine === 'deno') {
    const { stdout } = spawnSync(process.execPath, [findDeno(), '--version'], { encoding: 'utf8' });
    return stdout.split('\n')[0];
  }
  if (engine === 'pages') findDisplay();
  findFirefox();
  return firefoxVersion();
}
