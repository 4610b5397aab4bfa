import { PRESETS, type Preset } from '../src/nn/systems/cnn_lstm';
import { isRuntime, openRuntime } from './host/open';
import type { BenchRuntime, RuntimeName } from './host/runtime';

/** The options that every command about one training step has. */
export const STEP_OPTIONS = {
  preset: { type: 'string', default: 'small' },
  runtime: { type: 'string', default: 'chrome' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const STEP_HELP = `  --preset NAME          ${Object.keys(PRESETS).join(', ')} (default small)
  --runtime chrome|node  headless Chrome (default), or Node on Dawn`;

export interface StepChoice {
  preset: Preset;
  runtime: RuntimeName;
  batch: number;
}

/** The options read; undefined where one makes no sense. */
export function stepChoice(values: {
  preset: string;
  runtime: string;
  batch: string;
}): StepChoice | undefined {
  const { preset, runtime } = values;
  const batch = Number(values.batch);
  const good = preset in PRESETS && isRuntime(runtime) && Number.isInteger(batch) && batch >= 2;
  return good ? { preset: preset as Preset, runtime, batch } : undefined;
}

/** Opens a runtime that says on stderr what it does, and closes it after use. */
export async function withRuntime<T>(
  name: RuntimeName,
  use: (bench: BenchRuntime) => Promise<T>,
): Promise<T> {
  const bench = await openRuntime(name, (text) => console.error(text));
  try {
    return await use(bench);
  } finally {
    await bench.close();
  }
}
