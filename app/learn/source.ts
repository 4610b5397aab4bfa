/// <reference types="vite/client" />
import type { Trial } from '../../learn/exercise';

const texts = import.meta.glob<string>(['../../shaders/**/*.wgsl', '../../learn/**/*.wgsl'], {
  query: '?raw',
  import: 'default',
});

/** With its file as it stands: pages load kernels without comments, but here they are read. */
export async function asWritten<T extends Trial>(trial: T): Promise<T> {
  const { shader } = trial;
  const code = await texts[`../${shader.path}`](); // paths count from the root of the pages, app
  return { ...trial, shader: { ...shader, code } };
}
