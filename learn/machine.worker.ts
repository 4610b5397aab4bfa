import { answer, type Question } from './debug';
import { exercise } from './lessons';

onmessage = async ({ data }: MessageEvent<Question>) => {
  postMessage(answer(await exercise(data.lesson, data.exercise), data));
};
