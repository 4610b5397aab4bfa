import type { InferProblem, LayerProblem } from '../versus/problems';
import { Unsupported, type Prepared, type Subject } from '../versus/subject';
import { onnxModel, type OnnxGraph, type OnnxNode, type OnnxTensor } from './onnx_model';
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
        ort.env.wasm.numThreads = navigator.hardwareConcurrency;
        ort.env.logLevel = 'error';
      }
      if (problem.kind === 'infer') return infer(ort, backend, problem);
      if (backend === 'wasm') throw new Unsupported('compared on whole networks only');
      return layer(ort, problem);
    },
  };
}

async function open(ort: Untyped, backend: string, graph: OnnxGraph, options = {}) {
  return ort.InferenceSession.create(onnxModel(graph), {
    executionProviders: [backend],
    graphOptimizationLevel: 'all',
    ...options,
  });
}

const gemm = (x: string, weight: string, bias: string, y: string): OnnxNode => ({
  op: 'Gemm',
  inputs: [x, weight, bias],
  outputs: [y],
  attributes: { transB: 1 },
});

const conv = (x: string, weight: string, y: string): OnnxNode => ({
  op: 'Conv',
  inputs: [x, weight],
  outputs: [y],
  attributes: { kernel_shape: [5, 5], pads: [2, 2, 2, 2], strides: [1, 1] },
});

const maxPool = (x: string, y: string): OnnxNode => ({
  op: 'MaxPool',
  inputs: [x],
  outputs: [y],
  attributes: { kernel_shape: [2, 2], strides: [2, 2] },
});

/** The network; the LSTM's one step from zero in plain nodes, which every backend has kernels for. */
export function modelGraph({ config, batch, tensors }: InferProblem): OnnxGraph {
  const { streams, widths, size, hidden, classes } = config;
  const initializers: Record<string, OnnxTensor> = { ...tensors };
  const nodes: OnnxNode[] = [];
  const features = streams.map((stream) => {
    let x = `picture.${stream}`;
    widths.forEach((_, i) => {
      const block = `streams.${stream}.block${i + 1}`;
      const norm = ['weight', 'bias', 'running_mean', 'running_var'].map((n) => `${block}.bn.${n}`);
      nodes.push(conv(x, `${block}.conv.weight`, `${block}.conv`), {
        op: 'BatchNormalization',
        inputs: [`${block}.conv`, ...norm],
        outputs: [`${block}.bn`],
        attributes: { epsilon: 1e-5 },
        floats: ['epsilon'],
      });
      nodes.push({ op: 'Relu', inputs: [`${block}.bn`], outputs: [`${block}.relu`] });
      nodes.push(maxPool(`${block}.relu`, block));
      x = block;
    });
    const fc = `streams.${stream}.fc`;
    nodes.push({ op: 'Flatten', inputs: [x], outputs: [`${fc}.flat`] });
    nodes.push(gemm(`${fc}.flat`, `${fc}.weight`, `${fc}.bias`, `${fc}.sum`));
    nodes.push({ op: 'Relu', inputs: [`${fc}.sum`], outputs: [fc] });
    return fc;
  });
  nodes.push({ op: 'Concat', inputs: features, outputs: ['features'], attributes: { axis: 1 } });
  const { 'lstm.bias_ih_l0': a, 'lstm.bias_hh_l0': b } = tensors;
  initializers.bias = { shape: [4 * hidden], data: a.data.map((value, i) => value + b.data[i]) };
  for (const unused of ['lstm.bias_ih_l0', 'lstm.bias_hh_l0', 'lstm.weight_hh_l0']) {
    delete initializers[unused];
  }
  nodes.push(gemm('features', 'lstm.weight_ih_l0', 'bias', 'gates'));
  nodes.push({ op: 'Split', inputs: ['gates'], outputs: [...'ifgo'], attributes: { axis: 1 } });
  const unary = (op: string, x: string, y: string) => nodes.push({ op, inputs: [x], outputs: [y] });
  unary('Sigmoid', 'i', 'input');
  unary('Tanh', 'g', 'candidate');
  unary('Sigmoid', 'o', 'output');
  nodes.push({ op: 'Mul', inputs: ['input', 'candidate'], outputs: ['c'] });
  unary('Tanh', 'c', 'bounded');
  nodes.push({ op: 'Mul', inputs: ['output', 'bounded'], outputs: ['h'] });
  nodes.push(gemm('h', 'classifier.weight', 'classifier.bias', 'logits'));
  return {
    nodes,
    initializers,
    inputs: Object.fromEntries(
      streams.map((stream) => [`picture.${stream}`, [batch, 1, size, size]]),
    ),
    outputs: { logits: [batch, classes.length] },
  };
}

async function infer(ort: Untyped, backend: string, problem: InferProblem): Promise<Prepared> {
  const session = await open(ort, backend, modelGraph(problem));
  const { config, pictures } = problem;
  let scores = new Float32Array();
  return {
    async run() {
      const feeds = Object.fromEntries(
        config.streams.map((stream, g) => [
          `picture.${stream}`,
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
  const { x, ...initializers } = inputs;
  const [N] = x.shape;
  let nodes: OnnxNode[];
  let output: number[];
  if (op === 'conv5x5') {
    nodes = [conv('x', 'weight', 'y')];
    output = [N, inputs.weight.shape[0], x.shape[2], x.shape[3]];
  } else if (op === 'max_pool') {
    nodes = [maxPool('x', 'y')];
    output = [N, x.shape[1], Math.floor(x.shape[2] / 2), Math.floor(x.shape[3] / 2)];
  } else if (op === 'dense') {
    nodes = [gemm('x', 'weight', 'bias', 'y')];
    output = [N, inputs.weight.shape[0]];
  } else {
    throw new Unsupported(`${op}: no such kernel for WebGPU`);
  }
  const graph = { nodes, initializers, inputs: { x: x.shape }, outputs: { y: output } };
  const session = await open(ort, 'webgpu', graph, { preferredOutputLocation: 'gpu-buffer' });
  const device: GPUDevice = await ort.env.webgpu.device;
  // STORAGE, COPY_SRC, COPY_DST
  const buffer = device.createBuffer({ size: x.data.byteLength, usage: 0x80 | 0x4 | 0x8 });
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
