/// <reference types="vite/client" />
import type { Exercise } from '../../learn/exercise';

const texts = import.meta.glob<string>(['../../shaders/**/*.wgsl', '../../learn/**/*.wgsl'], {
  query: '?raw',
  import: 'default',
});

/** The exercise with its file as it stands: pages load kernels without comments, but here they are read. */
export async function asWritten(exercise: Exercise): Promise<Exercise> {
  const { shader } = exercise;
  const code = await texts[`../${shader.path}`](); // paths count from the root of the pages, app
  return { ...exercise, shader: { ...shader, code } };
}
