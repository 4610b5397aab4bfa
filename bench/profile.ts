import { parseArgs } from 'node:util';
import { PRESETS, type Preset } from '../src/nn/config';
import { chromeBench } from './chrome';
import { nodeBench } from './node';
import { profileText, type Profile } from './roofline';

const HELP = `npm run profile -- [options]: one training step, dispatch by dispatch

  --preset NAME          ${Object.keys(PRESETS).join(', ')} (default small)
  --batch N              pictures (default 16)
  --runtime chrome|node  headless Chrome (default), or Node on Dawn
  --repeats N            times each dispatch is timed; the median is shown (default 5)
  --json                 prints the measurements as JSON
`;

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      preset: { type: 'string', default: 'small' },
      batch: { type: 'string', default: '16' },
      runtime: { type: 'string', default: 'chrome' },
      repeats: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { preset, runtime } = values;
  const [batch, repeats] = [Number(values.batch), Number(values.repeats)];
  const good =
    preset in PRESETS &&
    (runtime === 'node' || runtime === 'chrome') &&
    Number.isInteger(batch) &&
    batch >= 2 &&
    Number.isInteger(repeats) &&
    repeats >= 1;
  if (values.help || !good) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const open = runtime === 'node' ? nodeBench : chromeBench;
  const bench = await open((text) => console.error(text));
  try {
    const job = { kind: 'profile' as const, preset: preset as Preset, batch, repeats };
    const profile = (await bench.ask(job, false)) as Profile;
    console.log(values.json ? JSON.stringify(profile, null, 1) : profileText(profile));
    return 0;
  } finally {
    await bench.close();
  }
}
