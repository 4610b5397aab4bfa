/**
 * node scripts/run.mjs <entry.ts> …args: calls the entry's `main(args)`. Vite transpiles TypeScript
 * and shaders on the way, so nothing is built first and any Node from 20.19 will do.
 */
import { resolve } from 'node:path';
import { ensureDependencies, root } from './bootstrap.mjs';

const [entry, ...args] = process.argv.slice(2);
ensureDependencies();
const { createServer } = await import('vite');
const vite = await createServer({
  configFile: resolve(root, 'vite.cli.config.ts'),
  configLoader: 'runner',
});
try {
  const { main } = await vite.ssrLoadModule(resolve(root, entry));
  process.exitCode = (await main(args)) ?? 0;
} catch (error) {
  if (error.name === 'FacegradError') {
    // An expected error says by its message what to do.
    console.error(`Error: ${error.message}`);
    for (const fact of ['wanted', 'available']) {
      if (error[fact] !== undefined) console.error(`  ${fact}: ${JSON.stringify(error[fact])}`);
    }
  } else {
    vite.ssrFixStacktrace(error);
    console.error(error.stack ?? error);
  }
  process.exitCode = 1;
}
await vite.close();
// Dawn's threads would keep the process alive; what was printed must still get out.
await Promise.all([process.stdout, process.stderr].map((s) => new Promise((r) => s.write('', r))));
process.exit();
