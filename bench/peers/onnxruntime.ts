import { BufferUsage } from '../../src/gpu/usage';
import type { NamedTensor } from '../../src/nn/parameters';
import { createNetwork } from '../../src/nn/systems';
import { networkGraph } from '../../src/onnx/export';
import { OnnxGraph } from '../../src/onnx/file';
import { convolutionOf, type InferProblem, type LayerProblem } from '../versus/problems';
import { Unsupported, type Prepared, type Subject } from '../versus/subject';
import type { PeerLoader, Untyped } from './packages';

/** onnxruntime-web: inference and forward layers, as it has no gradients. */
export function onnxruntime(loader: PeerLoader, backend: 'webgpu' | 'wasm'): Subject {
  let ort: Untyped;
  return {
    library: `onnxruntime ${backend}`,
    async prepare(problem) {
      if (problem.kind === 'step') throw new Unsupported('no such preprocessing');
      if (problem.kind === 'train' || /d[xw]|gradient/.test(problem.name)) {
        throw new Unsupported('no gradients');
      }
      if (!ort) {
        ort = await loader.module('onnxruntime-web/dist/ort.webgpu.min.mjs');
        ort.env.wasm.wasmPaths = loader.url('onnxruntime-web/dist/');
        // Only isolated pages have threads.
        ort.env.wasm.numThreads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
        ort.env.logLevel = 'error';
      }
      if (problem.kind === 'infer') return infer(ort, backend, problem);
      if (backend === 'wasm') throw new Unsupported('compared on whole networks only');
      return layer(ort, problem);
    },
  };
}

async function open(ort: Untyped, backend: string, graph: OnnxGraph, options = {}) {
  return ort.InferenceSession.create(graph.encode(), {
    executionProviders: [backend],
    graphOptimizationLevel: 'all',
    ...options,
  });
}

async function infer(ort: Untyped, backend: string, problem: InferProblem): Promise<Prepared> {
  const { config, batch, pictures } = problem;
  const tensors = Object.entries(problem.tensors).map(
    ([name, { shape, data }]): [string, NamedTensor] => [name, { name, shape: [...shape], data }],
  );
  const graph = networkGraph(createNetwork(config), new Map(tensors));
  const session = await open(ort, backend, graph, { freeDimensionOverrides: { N: batch } });
  let scores = new Float32Array();
  return {
    async run() {
      const feeds = Object.fromEntries(
        config.streams.map((stream, g) => [
          stream,
          new ort.Tensor('float32', pictures[g].data, pictures[g].shape),
        ]),
      );
      scores = (await session.run(feeds)).logits.data;
    },
    finish: () => Promise.resolve(),
    outputs: () => Promise.resolve({ logits: scores.slice() }),
    dispose: () => void session.release(),
  };
}

/** A layer whose inputs and outputs stay on the GPU. */
async function layer(ort: Untyped, problem: LayerProblem): Promise<Prepared> {
  const { op, inputs } = problem;
  const { x, ...weights } = inputs;
  const [N, , height, width] = x.shape;
  const graph = new OnnxGraph('layer');
  const given = [
    graph.input('x', x.shape),
    ...Object.entries(weights).map(([name, { shape, data }]) => graph.constant(name, shape, data)),
  ];
  const convolution = convolutionOf(op);
  if (convolution?.pass === 'y') {
    const { taps, depthwise } = convolution;
    const half = (taps - 1) / 2;
    const pads = [half, half, half, half];
    const group = depthwise ? x.shape[1] : 1;
    graph.node('Conv', 'y', given, { kernel_shape: [taps, taps], pads, strides: [1, 1], group });
    graph.output('y', [N, inputs.weight.shape[0], height, width]);
  } else if (op === 'max_pool') {
    graph.node('MaxPool', 'y', given, { kernel_shape: [2, 2], strides: [2, 2] });
    graph.output('y', [N, x.shape[1], Math.floor(height / 2), Math.floor(width / 2)]);
  } else if (op === 'dense') {
    graph.node('Gemm', 'y', given, { transB: 1 });
    graph.output('y', [N, inputs.weight.shape[0]]);
  } else {
    throw new Unsupported(`${op}: no such kernel for WebGPU`);
  }
  const session = await open(ort, 'webgpu', graph, { preferredOutputLocation: 'gpu-buffer' });
  const device: GPUDevice = await ort.env.webgpu.device;
  // STORAGE, COPY_SRC, COPY_DST
  const buffer = device.createBuffer({
    size: x.data.byteLength,
    usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, x.data as Float32Array<ArrayBuffer>);
  const feeds = { x: ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: x.shape }) };
  let y: Untyped;
  return {
    async run() {
      y?.dispose();
      ({ y } = await session.run(feeds));
    },
    finish: () => device.queue.onSubmittedWorkDone(),
    outputs: async () => ({ y: (await y.getData()) as Float32Array }),
    dispose() {
      y?.dispose();
      buffer.destroy();
      void session.release();
    },
  };
}
