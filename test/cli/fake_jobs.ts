import type { Jobs } from '../../cli/jobs/job';
import { FacegradError } from '../../src/gpu/errors';

/** Jobs that need no GPU and no trainer, to test what carries them. */
export const jobs: Jobs = {
  /** Gives every input back, changed so that both ways are seen. */
  async echo({ config, inputs, emit, file }) {
    emit({ type: 'config', config });
    for (const [name, bytes] of Object.entries(inputs)) {
      emit({ type: 'got', name, bytes: bytes.length });
      bytes.reverse();
      await file(`${name} reversed`, bytes);
    }
    emit({ type: 'done' });
  },
  /** Goes on until asked to stop, and then still gives a file. */
  async endless({ stop, emit, file }) {
    for (let step = 1; !stop.aborted; step++) {
      emit({ type: 'step', step });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await file('checkpoint', new Uint8Array([1, 2, 3]));
    emit({ type: 'stopped' });
  },
  async refuse() {
    throw new FacegradError('bad-input', 'row 7 has no label');
  },
  async stumble() {
    (undefined as unknown as Map<string, string>).get('x');
  },
  /** Something goes wrong outside of the job while it waits. */
  async elsewhere() {
    setTimeout(() => {
      throw new Error('thrown from a timer');
    });
    await new Promise(() => {});
  },
  /** Says which adapter there is. */
  async adapter({ gpu, emit }) {
    emit({ type: 'adapter', ...(await gpu(() => [])).adapter });
  },
};
