import { readSafetensors, writeSafetensors } from '../../src/train/safetensors';
import { FOCUS, LEARNING_RATE, type Problem } from '../versus/problems';
import { Unsupported, type Subject } from '../versus/subject';
import type { Tensor } from '../versus/tensor';
import type { PeerLoader } from './packages';

/**
 * PyTorch on the CPU, in a process of its own: no WebGPU and no browser, but what the same machine does natively.
 */
export function pytorch({ python }: PeerLoader): Subject {
  let ask: ReturnType<NonNullable<typeof python>> | undefined;
  /** A message there and back; its tensors and metadata are those of a weights file. */
  const send = async (metadata: Record<string, string>, tensors: Record<string, Tensor> = {}) => {
    const named = Object.entries(tensors).map(([name, { shape, data }]) => ({
      name,
      shape: [...shape],
      data,
    }));
    const answer = readSafetensors(await ask!(writeSafetensors(named, metadata)), 'PyTorch');
    if (answer.metadata.error) throw new Error(answer.metadata.error);
    return answer.tensors;
  };
  return {
    library: 'pytorch cpu',
    async prepare(problem) {
      if (problem.kind === 'step') throw new Unsupported('no such preprocessing');
      if (!python) throw new Unsupported('there is no Python beside this page');
      ask ??= python('pytorch.py');
      const { tensors, ...asked } = described(problem);
      await send({ do: 'prepare', problem: JSON.stringify(asked) }, tensors);
      let running: Promise<unknown> = Promise.resolve();
      return {
        run() {
          running = send({ do: 'run' });
          return problem.kind === 'infer' ? running.then(() => undefined) : undefined;
        },
        finish: () => running.then(() => undefined),
        async outputs() {
          const found = await send({ do: 'outputs' });
          return Object.fromEntries([...found].map(([name, { data }]) => [name, data]));
        },
        dispose: () => void send({ do: 'dispose' }).catch(() => undefined),
      };
    },
  };
}

/** What the script is told: tensors by name, the pictures among them, and the rest as JSON. */
function described(problem: Exclude<Problem, { kind: 'step' }>) {
  if (problem.kind === 'layer') {
    const { kind, op, inputs: tensors } = problem;
    return { kind, op, tensors };
  }
  const { kind, layers, pictures } = problem;
  const shown = Object.fromEntries(pictures.map((picture, i) => [`picture ${i}`, picture]));
  const tensors = { ...problem.tensors, ...shown };
  if (kind === 'infer') return { kind, layers, tensors };
  const labels = [...problem.labels];
  return { kind, layers, tensors, labels, learningRate: LEARNING_RATE, focus: FOCUS };
}
