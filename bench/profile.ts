import { parseArgs } from 'node:util';
import { openModel } from '../tools/own_model';
import { STEP_HELP, STEP_OPTIONS, stepChoice, withRuntime } from './command';
import type { Profile } from './jobs/job';
import { profileText } from './report/roofline';

const HELP = `npm run profile -- [options]: profiles one training step, dispatch by dispatch

${STEP_HELP}
  --model NAME|FILE      in place of a preset: a network by name, or the file of your own
  --batch N              batch size (default 16)
  --repeats N            timings per dispatch; the median is shown (default 5)
  --cpu                  use CPU time: for a software adapter on a busy machine
  --json                 prints the measurements as JSON
`;

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      ...STEP_OPTIONS,
      model: { type: 'string' },
      batch: { type: 'string', default: '16' },
      repeats: { type: 'string', default: '5' },
      cpu: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const choice = stepChoice(values);
  const repeats = Number(values.repeats);
  if (values.help || !choice || !Number.isInteger(repeats) || repeats < 1) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const { runtime, batch } = choice;
  const network = values.model ? (await openModel(values.model)).chosen!.name : choice.preset;
  return withRuntime(runtime, async (bench) => {
    const job = { kind: 'profile' as const, network, batch, repeats, cpu: values.cpu };
    const profile = (await bench.ask(job)) as Profile;
    console.log(values.json ? JSON.stringify(profile, null, 1) : profileText(profile));
    return 0;
  });
}
