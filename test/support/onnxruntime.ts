/**
 * onnxruntime, where `npm ci` in bench/peers has put it (140 MB: the project itself does not depend on it), and in
 * Node only.
 */
const ORT = '../../bench/peers/node_modules/onnxruntime-web/dist/ort.node.min.mjs';
const inNode = typeof window === 'undefined';

async function exists(): Promise<boolean> {
  const { existsSync } = await import('node:fs');
  return existsSync(new URL(ORT, import.meta.url));
}

export const hasOnnxRuntime = inNode && (await exists());
if (inNode && !hasOnnxRuntime) {
  console.log('ONNX files are not run: onnxruntime-web is not in bench/peers (npm ci there)');
}

export interface Feed {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/** Runs an ONNX file on named tensors. */
export async function runOnnx(
  file: Uint8Array,
  inputs: Record<string, Feed>,
): Promise<Record<string, { dims: number[]; data: Float32Array }>> {
  const ort = await import(/* @vite-ignore */ new URL(ORT, import.meta.url).href);
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(file);
  const feeds = Object.entries(inputs).map(([name, { shape, data }]) => {
    const type = data instanceof Int32Array ? 'int32' : 'float32';
    return [name, new ort.Tensor(type, data, shape)];
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results;
}
