import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { STEP_HELP, STEP_OPTIONS, stepChoice, withRuntime } from './command';
import type { TuneResult } from './jobs/job';
import { alignColumns } from './report/columns';

const HELP = `npm run tune -- [options]: finds the fastest kernels for each convolution on this adapter

${STEP_HELP}
  --batch N              batch size (default 64, as in training)
  --save FILE            saves what beats the default choice as a configuration for
                         npm run train -- --config FILE
`;

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      ...STEP_OPTIONS,
      batch: { type: 'string', default: '64' },
      save: { type: 'string' },
    },
  });
  const choice = stepChoice(values);
  if (values.help || !choice) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const { runtime, preset, batch } = choice;
  return withRuntime(runtime, async (bench) => {
    const job = { kind: 'tune' as const, preset, batch };
    const { tuning, layers } = (await bench.ask(job)) as TuneResult;
    const rows = layers.map(({ key, usualMs, bestMs, best, gain }) => [
      key,
      usualMs.toPrecision(3),
      bestMs.toPrecision(3),
      gain.toFixed(2),
      key in tuning.conv5x5 ? JSON.stringify(best) : 'as usual',
    ]);
    const headings = ['layer', 'usual ms', 'best ms', 'gain', 'choice'];
    console.log(`${tuning.adapter}\n${alignColumns([headings, ...rows], 1)}`);
    const config = { preset, batch, tuning };
    if (values.save) writeFileSync(values.save, `${JSON.stringify(config, null, 2)}\n`);
    return 0;
  });
}
