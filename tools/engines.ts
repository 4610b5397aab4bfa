import { spawnSync } from 'node:child_process';
import { findDeno } from './deno';
import { findDisplay, findFirefox, firefoxVersion } from './firefox';
import { installLavapipe, nodeAdapter } from './node_adapter';

/** Makes this machine ready for the engines that are named, and says what they are. */
export async function main(engines: string[]): Promise<number> {
  installLavapipe();
  const adapter = await nodeAdapter();
  console.log(`Vulkan: ${adapter ?? 'no adapter'}`);
  if (engines.includes('deno')) {
    const { stdout } = spawnSync(process.execPath, [findDeno(), '--version'], { encoding: 'utf8' });
    console.log(`Deno: ${stdout.split('\n')[0]}`);
  }
  if (engines.includes('firefox') || engines.includes('pages')) {
    findFirefox();
    console.log(`Firefox: ${firefoxVersion()}`);
  }
  if (engines.includes('pages')) findDisplay();
  return adapter ? 0 : 1;
}
