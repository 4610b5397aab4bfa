import {
  convolutionOf,
  FOCUS,
  LEARNING_RATE,
  type InferProblem,
  type LayerProblem,
  type TrainProblem,
} from '../versus/problems';
import type { Layer } from '../versus/layers';
import { Unsupported, type Prepared, type Subject } from '../versus/subject';
import { permute, type Tensor } from '../versus/tensor';
import type { PeerLoader, Untyped } from './packages';

/** TensorFlow.js on one of its backends, in NHWC, which is what its kernels are made for. */
export function tfjs(loader: PeerLoader, backend: 'webgpu' | 'wasm'): Subject {
  let tf: Untyped;
  return {
    library: `tfjs ${backend}`,
    async prepare(problem) {
      if (backend === 'wasm' && problem.kind === 'train') {
        throw new Unsupported('no gradient of a convolution');
      }
      if (backend === 'wasm' && problem.kind === 'layer') {
        throw new Unsupported('compared on whole networks only');
      }
      tf ??= await load(loader, backend);
      const session = new Session(tf, backend);
      await session.select();
      if (problem.kind === 'step') throw new Unsupported('no such preprocessing');
      if (problem.kind === 'train') return train(session, problem);
      if (problem.kind === 'infer') return infer(session, problem);
      return layer(session, problem);
    },
  };
}

async function load(loader: PeerLoader, backend: string): Promise<Untyped> {
  const page = globalThis as Untyped;
  if (!page.tf) await loader.script('@tensorflow/tfjs/dist/tf.min.js');
  const file = `@tensorflow/tfjs-backend-${backend}/dist/tf-backend-${backend}.min.js`;
  await loader.script(file);
  const { tf } = page;
  if (backend === 'wasm') {
    tf.wasm.setWasmPaths(loader.url('@tensorflow/tfjs-backend-wasm/dist/'));
  }
  return tf;
}

/** Converts between PyTorch's and TensorFlow's order of axes, and waits for a backend. */
class Session {
  constructor(
    readonly tf: Untyped,
    readonly backend: string,
  ) {}

  /** The library has one backend at a time, which another contestant may have changed. */
  async select(): Promise<void> {
    if (this.tf.getBackend() === this.backend) return;
    await this.tf.setBackend(this.backend);
    await this.tf.ready();
  }

  tensor({ shape, data }: Tensor): Untyped {
    return this.tf.tensor(data, shape, 'float32');
  }

  /** [N,C,H,W] as [N,H,W,C]. */
  picture(tensor: Tensor): Untyped {
    return this.tensor(permute(tensor, [0, 2, 3, 1]));
  }

  /** [O,C,K,K] as [K,K,C,O]. */
  weight(tensor: Tensor): Untyped {
    return this.tensor(permute(tensor, [2, 3, 1, 0]));
  }

  async read(tensor: Untyped, kind?: 'picture' | 'weight'): Promise<Float32Array> {
    const data = (await tensor.data()) as Float32Array;
    const shape: number[] = tensor.shape;
    if (kind === 'picture' && shape.length === 4) {
      return permute({ shape, data }, [0, 3, 1, 2]).data;
    }
    return kind === 'weight' ? permute({ shape, data }, [3, 2, 0, 1]).data : data;
  }

  async finish(): Promise<void> {
    if (this.backend !== 'webgpu') return; // its kernels have run when their call returns
    const backend = this.tf.backend();
    backend.endComputePassEncoder();
    if (backend.commandEncoder) backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
  }
}

type Parameters = Record<string, Untyped>;

/** Parameters as variables, statistics as tensors. */
function loadModel(session: Session, { tensors }: TrainProblem | InferProblem): Parameters {
  const parameters: Parameters = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const value = tensor.shape.length === 4 ? session.weight(tensor) : session.tensor(tensor);
    parameters[name] = name.includes('running_') ? value : session.tf.variable(value);
  }
  return parameters;
}

/** Class scores. */
function forward(
  { tf }: Session,
  { layers, batch }: TrainProblem | InferProblem,
  p: Parameters,
  pictures: Untyped[],
  training: boolean,
): Untyped {
  const multiply = (x: Untyped, weight: string, bias: Untyped) =>
    tf.add(tf.matMul(x, p[weight], false, true), bias);
  const apply = (x: Untyped, layer: Layer): Untyped => {
    const { name } = layer;
    switch (layer.op) {
      case 'conv': {
        const { weight, stride, groups } = layer;
        const [out, inGroup, height, width] = weight;
        // At stride 2 TensorFlow's 'same' begins a pixel later than PyTorch's padding.
        const pad = stride === 1 ? 'same' : (height - 1) / 2;
        const filter = p[`${name}.weight`];
        if (groups === 1) return tf.conv2d(x, filter, stride, pad);
        const depthwise = tf.reshape(filter, [height, width, out, inGroup]);
        return tf.depthwiseConv2d(x, depthwise, stride, pad);
      }
      case 'batchNorm': {
        let mean = p[`${name}.running_mean`];
        let variance = p[`${name}.running_var`];
        if (training) ({ mean, variance } = tf.moments(x, [0, 1, 2]));
        return tf.batchNorm(x, mean, variance, p[`${name}.bias`], p[`${name}.weight`], 1e-5);
      }
      case 'relu':
        return tf.relu(x);
      case 'maxPool':
        return tf.maxPool(x, 2, 2, 'valid');
      case 'averagePool':
        return tf.mean(x, [1, 2], true);
      case 'flatten':
        return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [batch, -1]);
      case 'dropout':
        return x;
      case 'linear':
        return multiply(x, `${name}.weight`, p[`${name}.bias`]);
      case 'lstm': {
        const bias = tf.add(p[`${name}.bias_ih_l0`], p[`${name}.bias_hh_l0`]);
        const gates = multiply(x, `${name}.weight_ih_l0`, bias);
        return cell(tf, gates, undefined, layer.weight[0] / 4).h;
      }
      case 'residual':
        return tf.relu(tf.add(layer.body.reduce(apply, x), layer.shortcut.reduce(apply, x)));
      case 'streams':
        return tf.concat(
          layer.streams.map((stream, i) => stream.reduce(apply, pictures[i])),
          1,
        );
    }
  };
  return layers.reduce(apply, pictures[0]);
}

/** One LSTM step from its gates' sums; the first one starts from zero. */
function cell(tf: Untyped, gates: Untyped, c: Untyped, hidden: number): { h: Untyped; c: Untyped } {
  const [i, f, g, o] = tf.split(gates, [hidden, hidden, hidden, hidden], 1);
  const update = tf.mul(tf.sigmoid(i), tf.tanh(g));
  const next = c ? tf.add(tf.mul(tf.sigmoid(f), c), update) : update;
  return { h: tf.mul(tf.sigmoid(o), tf.tanh(next)), c: next };
}

function train(session: Session, problem: TrainProblem): Prepared {
  const { tf } = session;
  const { config, labels } = problem;
  const parameters = loadModel(session, problem);
  const pictures = problem.pictures.map((picture) => session.picture(picture));
  const targets = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), config.classes.length);
  const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  const losses: number[] = [];
  let loss: Untyped;
  return {
    run() {
      loss?.dispose();
      loss = optimizer.minimize(() => {
        const logits = forward(session, problem, parameters, pictures, true);
        const logP = tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1);
        const focus = tf.pow(tf.sub(1, tf.exp(logP)), FOCUS);
        return tf.neg(tf.mean(tf.mul(focus, logP)));
      }, true);
    },
    finish: () => session.finish(),
    async outputs() {
      losses.push((await loss.data())[0]);
      return { loss: Float32Array.from(losses) };
    },
    dispose() {
      tf.dispose([loss, pictures, targets, Object.values(parameters)]);
      optimizer.dispose();
    },
  };
}

function infer(session: Session, problem: InferProblem): Prepared {
  const { tf } = session;
  const parameters = loadModel(session, problem);
  const hosts = problem.pictures.map((picture) => permute(picture, [0, 2, 3, 1]));
  let scores = new Float32Array();
  return {
    async run() {
      await session.select();
      const pictures = hosts.map((host) => session.tensor(host));
      const logits = tf.tidy(() => forward(session, problem, parameters, pictures, false));
      scores = await logits.data();
      tf.dispose([logits, pictures]);
    },
    finish: () => Promise.resolve(),
    outputs: () => Promise.resolve({ logits: scores }),
    dispose: () => tf.dispose(Object.values(parameters)),
  };
}

function layer(session: Session, { op, inputs }: LayerProblem): Prepared {
  const { tf } = session;
  const given: Parameters = {};
  for (const [name, tensor] of Object.entries(inputs)) {
    if (tensor.shape.length !== 4) given[name] = session.tensor(tensor);
    else if (name === 'weight') given[name] = session.weight(tensor);
    else given[name] = session.picture(tensor);
  }
  const compute = layerFunction(tf, op, given, inputs);
  let results: Parameters = {};
  return {
    run() {
      tf.dispose(Object.values(results));
      results = tf.tidy(compute);
    },
    finish: () => session.finish(),
    async outputs() {
      const outputs: Record<string, Float32Array> = {};
      for (const [name, tensor] of Object.entries(results)) {
        const weight = name === 'dweight' && tensor.shape.length === 4;
        outputs[name] = await session.read(tensor, weight ? 'weight' : 'picture');
      }
      return outputs;
    },
    dispose: () => tf.dispose([Object.values(results), Object.values(given)]),
  };
}

function layerFunction(
  tf: Untyped,
  op: LayerProblem['op'],
  given: Parameters,
  inputs: Record<string, Tensor>,
): () => Parameters {
  const { x, weight, dy } = given;
  const engine = tf.engine();
  const same = { strides: 1, pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
  const { gamma, beta, bias, weight_ih, weight_hh } = given;
  const normalize = (x: Untyped, gamma: Untyped, beta: Untyped) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm(x, mean, variance, beta, gamma, 1e-5);
  };
  const multiply = (x: Untyped, weight: Untyped, bias: Untyped) =>
    tf.add(tf.matMul(x, weight, false, true), bias);
  const recur = (x: Untyped, weight_ih: Untyped, weight_hh: Untyped, bias: Untyped) => {
    const [steps, samples, features] = x.shape;
    const hidden = weight_hh.shape[1];
    const projected = multiply(tf.reshape(x, [steps * samples, features]), weight_ih, bias);
    let state: { h?: Untyped; c?: Untyped } = {};
    for (let t = 0; t < steps; t++) {
      const part = tf.slice(projected, [t * samples, 0], [samples, 4 * hidden]);
      const gates = state.h ? tf.add(part, tf.matMul(state.h, weight_hh, false, true)) : part;
      state = cell(tf, gates, state.c, hidden);
    }
    return state.h;
  };
  const gradients = (f: (...values: Untyped[]) => Untyped, names: string[]) => () => {
    const found = tf.grads(f)(
      names.map((name) => given[name]),
      dy,
    );
    return Object.fromEntries(names.map((name, i) => [`d${name}`, found[i]]));
  };
  const convolution = convolutionOf(op);
  if (convolution) {
    const { taps, depthwise, pass } = convolution;
    const [N, O, H, W] = (inputs.dy ?? inputs.x).shape;
    const C = depthwise ? O : (inputs.x ?? inputs.weight).shape[1];
    const filterShape = [taps, taps, C, depthwise ? 1 : O];
    const filter = weight && depthwise ? tf.reshape(weight, filterShape) : weight;
    const attributes = { ...same, ...(depthwise && { dilations: [1, 1] }) };
    const gradient = depthwise ? 'DepthwiseConv2dNativeBackprop' : 'Conv2DBackprop';
    if (pass === 'y') {
      return () => ({ y: (depthwise ? tf.depthwiseConv2d : tf.conv2d)(x, filter, 1, 'same') });
    }
    if (pass === 'dx') {
      const asked = { inputShape: [N, H, W, C], ...attributes };
      return () => ({ dx: engine.runKernel(`${gradient}Input`, { dy, filter }, asked) });
    }
    const asked = { filterShape, ...attributes };
    return () => ({ dweight: engine.runKernel(`${gradient}Filter`, { x, dy }, asked) });
  }
  switch (op) {
    case 'max_pool':
      return () => ({ y: tf.maxPool(x, 2, 2, 'valid') });
    case 'max_pool gradient':
      return gradients((x) => tf.maxPool(x, 2, 2, 'valid'), ['x']);
    case 'batch_norm':
      return () => ({ y: normalize(x, gamma, beta) });
    case 'batch_norm gradient':
      return gradients(normalize, ['x', 'gamma', 'beta']);
    case 'dense':
      return () => ({ y: multiply(x, weight, bias) });
    case 'dense gradient':
      return gradients(multiply, ['x', 'weight', 'bias']);
    case 'lstm':
      return () => ({ y: recur(x, weight_ih, weight_hh, bias) });
    case 'lstm gradient':
      return gradients(recur, ['x', 'weight_ih', 'weight_hh', 'bias']);
    default:
      throw new Unsupported(op);
  }
}
