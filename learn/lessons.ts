/// <reference types="vite/client" />
import type { Lesson } from './exercise';

const files = import.meta.glob<{ default: Lesson }>('./{path,kernels}/*.ts');

/** Names of the lessons and kernel pages that have exercises, as in `path/04-threads-together`. */
export const LESSONS = Object.keys(files).map((file) => file.slice(2, -3));

export async function lesson(name: string): Promise<Lesson> {
  return (await files[`./${name}.ts`]()).default;
}
