/** npm run demo: builds the demo and serves it. `--port 8080`, `--no-build`, `--build-only`, `--model my-network.ts`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, preview } from 'vite';
import { FacegradError } from '../src/gpu/errors';
import { MODEL_VARIABLE } from './own_systems';

export async function main(args: string[]): Promise<void> {
  const { port, model, ...flags } = options(args);
  if (model) {
    if (!existsSync(model)) throw new FacegradError('bad-input', `demo: ${model} does not exist`);
    process.env[MODEL_VARIABLE] = resolve(model);
  }
  const config = { configFile: resolve('vite.app.config.ts'), configLoader: 'runner' as const };
  if (!flags['no-build']) await build({ ...config, logLevel: 'warn' });
  if (flags['build-only']) return;
  const server = await preview({ ...config, preview: { port: Number(port), strictPort: true } });
  const stopped = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, done);
  });
  console.log(`facegrad is running at ${server.resolvedUrls!.local[0]}  (stop it with Ctrl-C)`);
  await stopped;
  await server.close();
}

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string', default: '4173' },
        model: { type: 'string' },
        'no-build': { type: 'boolean' },
        'build-only': { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    throw new FacegradError('bad-input', `demo: ${(cause as Error).message}`, { cause });
  }
}
