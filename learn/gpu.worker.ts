import { adapterName, requestGpu, type Gpu } from '../src/gpu/device';
import { FacegradError } from '../src/gpu/errors';
import { runOnGpu, runsOn, timeOnGpu } from './gpu';
import { lesson } from './lessons';

export type GpuQuestion =
  | { ask: 'run' | 'time'; lesson: string; exercise: string; code: string }
  /** Times the rungs of the lesson's ladder. */
  | { ask: 'ladder'; lesson: string };
export type GpuAnswer = { adapter: string } & (
  | { right: true }
  | { wrong: string; line?: number }
  | { milliseconds: number[] }
  | { rungs: (number | null)[] }
);

let gpu: Promise<Gpu> | undefined;

onmessage = async ({ data }: MessageEvent<GpuQuestion>) => {
  let adapter = '';
  try {
    const { fallback, ...given } = (await (gpu ??= requestGpu())).adapter;
    adapter = `${adapterName(given) || 'an unnamed GPU'}${fallback ? ', which is software' : ''}`;
    postMessage({ adapter, ...(await reply(await gpu, data)) });
  } catch (error) {
    const { message, kind } = error as FacegradError;
    if (kind === 'device-lost') gpu = undefined;
    const [, line, words] = /^your text \d+:(\d+):\d+: ([^]*)/.exec(message) ?? [];
    postMessage({ adapter, wrong: words ?? message, line: line ? Number(line) : undefined });
  }
};

async function reply(gpu: Gpu, question: GpuQuestion) {
  const { exercises, ladder } = await lesson(question.lesson);
  if (question.ask === 'ladder') {
    const { rungs } = ladder!;
    const able = rungs.filter((rung) => runsOn(gpu, rung));
    const timed = able.map(({ shader, timed }) => ({ shader, dispatch: timed() }));
    const milliseconds = await timeOnGpu(gpu, timed);
    return { rungs: rungs.map((rung) => milliseconds[able.indexOf(rung)] ?? null) };
  }
  const { ask, code } = question;
  const asked = exercises.find(({ id }) => id === question.exercise)!;
  if (ask === 'time') {
    const { shader, timed } = asked;
    const dispatch = timed!();
    const both = [
      { shader: { ...shader, code }, dispatch },
      { shader, dispatch },
    ];
    return { milliseconds: await timeOnGpu(gpu, both) };
  }
  const wrong = await runOnGpu(gpu, asked, code);
  return wrong ? { wrong } : { right: true as const };
}
