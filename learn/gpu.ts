import type { Gpu } from '../src/gpu/device';
import { BufferUsage, MapMode } from '../src/gpu/usage';
import type { Pipeline } from '../src/gpu/pipelines';
import { wrongValue } from './check';
import { buffersOf, typed, type Dispatch } from './dispatch';
import type { WgslModule } from '../src/gpu/wgsl';
import type { Rung, Trial } from './exercise';
import { guard } from './guard';

const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = BufferUsage;

let texts = 0;

/** A dispatch with its buffers on the device, to be recorded as often as wanted. */
async function prepare(gpu: Gpu, shader: WgslModule, dispatch: Dispatch) {
  const { device } = gpu;
  const { overrides, constants } = dispatch;
  // Pipelines are kept by path, and every text is another file.
  const file = { ...shader, path: `your text ${++texts}` };
  const pipeline = await gpu.pipelines.get({ shader: file, overrides, constants });
  const { storage, uniform } = buffersOf(shader, dispatch);
  const upload = (bytes: ArrayBuffer, usage: number) => {
    const buffer = gpu.createBuffer('lesson', bytes.byteLength, usage | COPY_DST);
    device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  };
  const buffers = storage.map(({ buffer }) => upload(buffer, STORAGE | COPY_SRC));
  const params = pipeline.paramsLayout ? [upload(uniform, UNIFORM)] : [];
  return {
    pipeline,
    buffers,
    params,
    record: recorder(device, pipeline, buffers, params, dispatch),
  };
}

function recorder(
  device: GPUDevice,
  { pipeline, storageLayout, paramsLayout }: Pipeline,
  buffers: GPUBuffer[],
  params: GPUBuffer[],
  { groups }: Dispatch,
) {
  const bind = (layout: GPUBindGroupLayout, list: GPUBuffer[]) =>
    device.createBindGroup({
      layout,
      entries: list.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  const bound = [bind(storageLayout, buffers)];
  if (paramsLayout) bound.push(bind(paramsLayout, params));
  return (encoder: GPUCommandEncoder, times: number) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    bound.forEach((group, i) => pass.setBindGroup(i, group));
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...groups);
    pass.end();
  };
}

/**
 * Runs the exercise's dispatches on the GPU, loops with a countdown. Gives what is wrong, or null.
 * @throws FacegradError `shader` with the compiler's words
 */
export async function runOnGpu(gpu: Gpu, exercise: Trial, code: string): Promise<string | null> {
  const guarded = { ...exercise.shader, code: guard(code) };
  for (const dispatch of [exercise.shown, ...exercise.hidden]) {
    const wrong = await gpu.checked('lesson', async () => {
      const { buffers, params, record } = await prepare(gpu, guarded, dispatch);
      const encoder = gpu.device.createCommandEncoder();
      record(encoder, 1);
      const staged = exercise.shader.bindings.flatMap(({ name }, i) => {
        if (!(name in dispatch.expected)) return [];
        const staging = gpu.createBuffer('staging', buffers[i].size, MAP_READ | COPY_DST);
        encoder.copyBufferToBuffer(buffers[i], 0, staging, 0, buffers[i].size);
        return [{ name, staging }];
      });
      gpu.device.queue.submit([encoder.finish()]);
      let problem: string | null = null;
      for (const { name, staging } of staged) {
        await staging.mapAsync(MapMode.READ);
        const bits = new Uint32Array(staging.getMappedRange().slice(0));
        const words = typed(dispatch.tensors[name].dtype, bits);
        problem ??= wrongValue(exercise, dispatch, name, words);
      }
      for (const buffer of [...buffers, ...params, ...staged.map(({ staging }) => staging)]) {
        buffer.destroy();
      }
      return problem;
    });
    if (wrong) return `${dispatch.name}: ${wrong}`;
  }
  return null;
}

/** Whether the device has what the file enables, subgroups above all, and these are large enough. */
export const runsOn = (
  { capabilities }: { capabilities: Pick<Gpu['capabilities'], 'features' | 'subgroupMinSize'> },
  { shader, lanes = 0 }: Pick<Rung, 'shader' | 'lanes'>,
): boolean =>
  shader.features.every((feature) => capabilities.features.has(feature)) &&
  capabilities.subgroupMinSize >= lanes;

/** Rounds of samples: as many as this where they fit into the time, and never fewer than the least. */
const ROUNDS = { least: 3, most: 9, milliseconds: 6000 };
const LEAST_MS = 5;

/** Median milliseconds of one dispatch of each; they take turns. */
export async function timeOnGpu(
  gpu: Gpu,
  timed: { shader: WgslModule; dispatch: Dispatch }[],
): Promise<number[]> {
  const { device } = gpu;
  return gpu.checked('lesson', async () => {
    const prepared = await Promise.all(
      timed.map(({ shader, dispatch }) => prepare(gpu, shader, dispatch)),
    );
    const sample = async ({ record }: (typeof prepared)[number], times: number) => {
      const begin = performance.now();
      const encoder = device.createCommandEncoder();
      record(encoder, times);
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - begin;
    };
    const repeats: number[] = [];
    for (const each of prepared) {
      let times = 1;
      await sample(each, 1);
      while (times < 256 && (await sample(each, times)) < LEAST_MS) times *= 2;
      repeats.push(times);
    }
    const samples = timed.map((): number[] => []);
    const begun = performance.now();
    const more = (round: number) =>
      round < ROUNDS.least ||
      (round < ROUNDS.most && performance.now() - begun < ROUNDS.milliseconds);
    for (let round = 0; more(round); round++) {
      for (const [i, each] of prepared.entries()) {
        samples[i].push((await sample(each, repeats[i])) / repeats[i]);
      }
    }
    for (const { buffers, params } of prepared) [...buffers, ...params].forEach((b) => b.destroy());
    return samples.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
  });
}
