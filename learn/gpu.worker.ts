import { adapterName, requestGpu, type Gpu } from '../src/gpu/device';
import { FacegradError } from '../src/gpu/errors';
import { runOnGpu, timeOnGpu } from './gpu';
import { exercise } from './lessons';

export interface GpuQuestion {
  ask: 'run' | 'time';
  lesson: string;
  exercise: string;
  code: string;
}
export type GpuAnswer = { adapter: string } & (
  { right: true } | { wrong: string; line?: number } | { milliseconds: number[] }
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

async function reply(gpu: Gpu, { ask, lesson, exercise: id, code }: GpuQuestion) {
  const asked = await exercise(lesson, id);
  if (ask === 'time')
    return { milliseconds: await timeOnGpu(gpu, asked, [code, asked.shader.code]) };
  const wrong = await runOnGpu(gpu, asked, code);
  return wrong ? { wrong } : { right: true as const };
}
