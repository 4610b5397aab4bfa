import { answer, type Question } from './debug';
import { lesson } from './lessons';

onmessage = async ({ data }: MessageEvent<Question>) => {
  postMessage(answer(await lesson(data.lesson), data));
};
