import { requestNodeGpu } from '../../src/gpu/node';
import { SYSTEMS, type AnySystem } from '../../src/nn/systems';
import { chooseNodeAdapter } from '../../tools/node_adapter';
import { perform, type Jobs } from '../jobs/job';
import { EventQueue, type Runtime } from './runtime';

/** Jobs in this process, on Dawn (the optional package `webgpu`). */
export function nodeRuntime(jobs: Jobs, systems: readonly AnySystem[] = SYSTEMS): Runtime {
  return {
    name: 'node',
    async *run(job, stop = new AbortController().signal) {
      chooseNodeAdapter();
      const queue = new EventQueue();
      const left = new AbortController();
      perform(jobs, job, {
        stop: AbortSignal.any([stop, left.signal]),
        systems,
        openGpu: () => requestNodeGpu({ powerPreference: 'high-performance' }),
        emit: (event) => queue.push(event),
        file: async (name, bytes) => queue.push({ type: 'file', name, bytes }),
      }).then(
        () => queue.end(),
        (error: unknown) => queue.end(error),
      );
      try {
        yield* queue;
      } finally {
        left.abort(); // the reader stopped early
      }
    },
    async close() {},
  };
}
