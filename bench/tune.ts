import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PRESETS, type Preset } from '../src/nn/config';
import { chromeBench } from './chrome';
import { nodeBench } from './node';
import { alignColumns } from './report';
import type { TuneResult } from './tune_search';

const HELP = `npm run tune -- [options]: finds the fastest kernels of every convolution on this adapter

  --preset NAME          ${Object.keys(PRESETS).join(', ')} (default small)
  --batch N              pictures (default 64, as in training)
  --runtime chrome|node  headless Chrome (default), or Node on Dawn
  --save FILE            writes what is better than the usual choice as a configuration, for
                         npm run train -- --config FILE
`;

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      preset: { type: 'string', default: 'small' },
      batch: { type: 'string', default: '64' },
      runtime: { type: 'string', default: 'chrome' },
      save: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { preset, runtime, save } = values;
  const batch = Number(values.batch);
  const good =
    preset in PRESETS &&
    (runtime === 'node' || runtime === 'chrome') &&
    Number.isInteger(batch) &&
    batch >= 2;
  if (values.help || !good) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const open = runtime === 'node' ? nodeBench : chromeBench;
  const bench = await open((text) => console.error(text));
  try {
    const job = { kind: 'tune' as const, preset: preset as Preset, batch };
    const { tuning, layers } = (await bench.ask(job, false)) as TuneResult;
    const rows = layers.map(({ key, usualMs, bestMs, best }) => [
      key,
      usualMs.toPrecision(3),
      bestMs.toPrecision(3),
      (usualMs / bestMs).toFixed(2),
      key in tuning.conv5x5 ? JSON.stringify(best) : 'as usual',
    ]);
    const headings = ['layer', 'usual ms', 'best ms', 'x', 'choice'];
    console.log(`${tuning.adapter}\n${alignColumns([headings, ...rows], 1)}`);
    if (save) writeFileSync(save, `${JSON.stringify({ preset, batch, tuning }, null, 2)}\n`);
    return 0;
  } finally {
    await bench.close();
  }
}
