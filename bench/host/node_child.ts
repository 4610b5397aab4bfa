import { createRequire } from 'node:module';
import { requestNodeGpu } from '../../src/gpu/node';
import { nodeAdapter } from '../../tools/node_adapter';
import type { Untyped } from '../peers/packages';
import { answer } from '../jobs/answer';
import type { Answer, Job, Place } from '../jobs/job';
import { cpuTime } from './cpu_time';
import { startPython } from './python';

/** What the process says that bench/host/node.ts starts. */
export type FromChild =
  | { kind: 'ready' }
  | { kind: 'progress'; text: string }
  | { kind: 'turn'; library: string | undefined }
  | { kind: 'answer'; answer: Answer }
  | { kind: 'failed'; reason: string };

/**
 * Answers jobs that come as messages, on Dawn. Of the other libraries TensorFlow.js runs here, on the
 * same Dawn (its script is the package's build for Node), and PyTorch beside it.
 */
export async function main(): Promise<void> {
  const say = (message: FromChild) => process.send!(message);
  await nodeAdapter(); // takes lavapipe where no driver is named
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 2, userAgent: 'node' },
    configurable: true,
  });
  const peers = new URL('../peers/', import.meta.url);
  const require = createRequire(new URL('package.json', peers));
  const place: Place = {
    requestGpu: () => requestNodeGpu(),
    loader: {
      url: (path) => new URL(`node_modules/${path}`, peers).href,
      script(path) {
        const name = path.split('/').slice(0, 2).join('/');
        const library = require(name);
        (globalThis as Untyped).tf ??= library; // the first is the one that its backends add to
        return Promise.resolve();
      },
      module: (path) =>
        import(/* @vite-ignore */ new URL(`node_modules/${path}`, peers).href) as Promise<Untyped>,
      python: startPython,
    },
    cpuTime() {
      const { user, system } = process.cpuUsage();
      return Promise.resolve(cpuTime(process.pid) || (user + system) / 1e3);
    },
    onProgress: (text) => say({ kind: 'progress', text }),
    onTurn: (library) => say({ kind: 'turn', library }),
  };
  process.on('message', (job: Job) => {
    answer(job, place).then(
      (found) => say({ kind: 'answer', answer: found }),
      (error: Error) => say({ kind: 'failed', reason: error.stack ?? error.message }),
    );
  });
  const ended = new Promise<void>((resolve) => process.once('disconnect', resolve));
  say({ kind: 'ready' });
  await ended;
}
