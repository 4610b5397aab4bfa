import { findChrome } from './chrome';
import { installLavapipe, nodeAdapter } from './node_adapter';

/**
 * Makes this machine ready for the tests: finds Chrome or installs it, and says which adapter Node
 * has. `--node-gpu` installs a software one for Node where there is none, and fails without.
 */
export async function main(argv: string[]): Promise<number> {
  console.log(`Chrome: ${await findChrome()}`);
  const required = argv.includes('--node-gpu');
  if (required) installLavapipe();
  const adapter = await nodeAdapter();
  console.log(`Node's GPU adapter: ${adapter ?? 'none'}`);
  return required && !adapter ? 1 : 0;
}
