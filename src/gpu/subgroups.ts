import { BufferUsage, MapMode } from './usage';

const { COPY_DST, COPY_SRC, MAP_READ, STORAGE } = BufferUsage;

/** What the subgroup kernels build on, asked of the device itself before any of them runs. */
const PROBE = /* wgsl */ `
enable subgroups;

@group(0) @binding(0) var<storage, read_write> found: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  found[thread] = vec4<u32>(size, lane, subgroupBroadcast(thread, 0u), subgroupBroadcast(thread, 3u));
}`;

const THREADS = 64;

/** Sizes that a subgroup may have, where its device chooses by shader. */
export interface SubgroupSizes {
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

/**
 * Whether subgroups work as the kernels take them: of a size that was announced, threads in their order, and a
 * broadcast gives the value of the lane that is asked for. Drivers have had this wrong.
 */
export async function subgroupsWork(
  device: GPUDevice,
  { subgroupMinSize, subgroupMaxSize }: SubgroupSizes,
): Promise<boolean> {
  device.pushErrorScope('validation');
  const bytes = THREADS * 16;
  const found = device.createBuffer({ size: bytes, usage: STORAGE | COPY_SRC });
  const copy = device.createBuffer({ size: bytes, usage: MAP_READ | COPY_DST });
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code: PROBE }), entryPoint: 'main' },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: found } }],
      }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(found, 0, copy, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(MapMode.READ);
    const values = new Uint32Array(copy.getMappedRange());
    return Array.from({ length: THREADS }, (_, thread) => thread).every((thread) => {
      const [size, lane, first, fourth] = values.subarray(4 * thread, 4 * thread + 4);
      const announced = size >= subgroupMinSize && size <= subgroupMaxSize;
      const begin = thread - (thread % size);
      return announced && lane === thread - begin && first === begin && fourth === begin + 3;
    });
  } catch {
    return false; // what cannot be compiled does not work
  } finally {
    void device.popErrorScope();
    found.destroy();
    copy.destroy();
  }
}
