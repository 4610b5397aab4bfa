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
import type { Tensor } from '../versus/tensor';
import type { PeerLoader, Untyped } from './packages';

/**
 * jax-js on WebGPU, every function under `jit`. Its arrays are counted references: an argument is
 * consumed unless it is passed as `x.ref`.
 */
export function jax(loader: PeerLoader): Subject {
  let lib: Untyped;
  return {
    library: 'jax-js webgpu',
    async prepare(problem) {
      if (!lib) {
        lib = await loader.module('@jax-js/jax/dist/index.js');
        const devices: string[] = await lib.init('webgpu');
        if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU');
        lib.defaultDevice('webgpu');
      }
      if (problem.kind === 'step') throw new Unsupported('no such preprocessing');
      if (problem.kind === 'train') return train(lib, problem);
      if (problem.kind === 'infer') return infer(lib, problem);
      return layer(lib, problem);
    },
  };
}

type Arrays = Record<string, Untyped>;

const array = ({ numpy }: Untyped, { shape, data }: Tensor): Untyped =>
  numpy.array(data, { shape: [...shape] });

const arrays = (lib: Untyped, tensors: Record<string, Tensor>): Arrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, array(lib, tensor)]));

/** Zeros all around keep the size at stride 1; [N,C,H,W] and [O,C / groups,K,K]. Consumes both. */
function convolve({ lax }: Untyped, x: Untyped, weight: Untyped, groups = 1, stride = 1): Untyped {
  const half = (weight.shape[3] - 1) / 2;
  const padding = [
    [half, half],
    [half, half],
  ];
  const options = { featureGroupCount: groups };
  return lax.convGeneralDilated(x, weight, [stride, stride], padding, options);
}

/** Largest of 2x2, an odd last row or column left out. Consumes x. */
function pool(x: Untyped): Untyped {
  const [N, C, H, W]: number[] = x.shape;
  const [h, w] = [Math.floor(H / 2), Math.floor(W / 2)];
  const even = H % 2 || W % 2 ? x.slice([], [], [0, 2 * h], [0, 2 * w]) : x;
  return even.reshape([N, C, h, 2, w, 2]).max([3, 5]);
}

/** By the batch's own statistics. Consumes all three. */
function normalize({ numpy }: Untyped, x: Untyped, gamma: Untyped, beta: Untyped): Untyped {
  const channel = [1, x.shape[1], 1, 1];
  const mean = x.ref.mean([0, 2, 3], { keepdims: true });
  const centred = x.sub(mean);
  const variance = centred.ref.mul(centred.ref).mean([0, 2, 3], { keepdims: true });
  const scale = gamma.reshape(channel).div(numpy.sqrt(variance.add(1e-5)));
  return centred.mul(scale).add(beta.reshape(channel));
}

/** x weight^T + bias. Consumes all three. */
const multiply = ({ numpy }: Untyped, x: Untyped, weight: Untyped, bias: Untyped): Untyped =>
  numpy.matmul(x, weight.transpose([1, 0])).add(bias);

/** One LSTM step from its gates' sums; the first one starts from zero. Consumes both. */
function cell(
  { nn, numpy }: Untyped,
  gates: Untyped,
  c: Untyped | undefined,
  hidden: number,
): { h: Untyped; c: Untyped } {
  const gate = (i: number) => gates.ref.slice([], [i * hidden, (i + 1) * hidden]);
  const update = nn.sigmoid(gate(0)).mul(numpy.tanh(gate(2)));
  const next = c ? nn.sigmoid(gate(1)).mul(c).add(update) : update;
  const h = nn.sigmoid(gate(3)).mul(numpy.tanh(next.ref));
  gates.dispose();
  return { h, c: next };
}

/** Class scores. Takes references of the parameters; consumes the pictures. */
function forward(
  lib: Untyped,
  { layers, batch }: TrainProblem | InferProblem,
  p: Arrays,
  pictures: Untyped[],
  training: boolean,
): Untyped {
  const { nn, numpy } = lib;
  const apply = (x: Untyped, layer: Layer): Untyped => {
    const own = (what: string) => p[`${layer.name}.${what}`].ref;
    switch (layer.op) {
      case 'conv':
        return convolve(lib, x, own('weight'), layer.groups, layer.stride);
      case 'batchNorm': {
        const [gamma, beta] = [own('weight'), own('bias')];
        if (training) return normalize(lib, x, gamma, beta);
        const channel = [1, layer.channels, 1, 1];
        const scale = gamma.div(numpy.sqrt(own('running_var').add(1e-5)));
        const shift = beta.sub(own('running_mean').mul(scale.ref));
        return x.mul(scale.reshape(channel)).add(shift.reshape(channel));
      }
      case 'relu':
        return nn.relu(x);
      case 'maxPool':
        return pool(x);
      case 'averagePool':
        return x.mean([2, 3], { keepdims: true });
      case 'flatten':
        return x.reshape([batch, -1]);
      case 'dropout':
        return x;
      case 'linear':
        return multiply(lib, x, own('weight'), own('bias'));
      case 'lstm': {
        const bias = own('bias_ih_l0').add(own('bias_hh_l0'));
        const gates = multiply(lib, x, own('weight_ih_l0'), bias);
        const { h, c } = cell(lib, gates, undefined, layer.weight[0] / 4);
        c.dispose();
        return h;
      }
      case 'residual': {
        const y = layer.body.reduce(apply, x.ref);
        return nn.relu(layer.shortcut.reduce(apply, x).add(y));
      }
      case 'streams':
        return numpy.concatenate(
          layer.streams.map((stream, i) => stream.reduce(apply, pictures[i])),
          1,
        );
    }
  };
  return layers.reduce(apply, pictures[0]);
}

function split(tensors: Record<string, Tensor>) {
  const entries = Object.entries(tensors);
  const running = (name: string) => name.includes('running_');
  return {
    trained: Object.fromEntries(entries.filter(([name]) => !running(name))),
    statistics: Object.fromEntries(entries.filter(([name]) => running(name))),
  };
}

function train(lib: Untyped, problem: TrainProblem): Prepared {
  const { numpy, nn, jit, tree, valueAndGrad } = lib;
  const { trained } = split(problem.tensors);
  let parameters: Arrays = arrays(lib, trained);
  const zeros = () => tree.map((p: Untyped) => numpy.zeros(p.shape), tree.ref(parameters));
  let m: Arrays = zeros();
  let v: Arrays = zeros();
  const pictures = problem.pictures.map((picture) => array(lib, picture));
  const classes = problem.config.classes.length;
  const oneHot = new Float32Array(problem.batch * classes);
  problem.labels.forEach((label, i) => (oneHot[i * classes + label] = 1));
  const targets = array(lib, { shape: [problem.batch, classes], data: oneHot });

  const lossOf = (p: Arrays, pictures: Untyped[], targets: Untyped) => {
    const logits = forward(lib, problem, p, pictures, true);
    tree.dispose(p);
    const logP = nn.logSoftmax(logits, 1).mul(targets).sum(1);
    const rest = numpy.exp(logP.ref).mul(-1).add(1);
    const focus = FOCUS === 2 ? rest.ref.mul(rest) : rest;
    return focus.mul(logP).mean().mul(-1);
  };
  /** One step: `correct1` and `correct2` are 1 / (1 - beta^t). */
  const step = jit(
    (
      p: Arrays,
      m: Arrays,
      v: Arrays,
      pictures: Untyped[],
      targets: Untyped,
      correct1: Untyped,
      correct2: Untyped,
    ) => {
      const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(p), pictures, targets);
      const next: { p: Arrays; m: Arrays; v: Arrays } = { p: {}, m: {}, v: {} };
      for (const name of Object.keys(trained)) {
        const g = gradients[name];
        const mean = m[name].mul(0.9).add(g.ref.mul(0.1));
        const square = v[name].mul(0.999).add(g.ref.mul(g).mul(0.001));
        next.m[name] = mean.ref;
        next.v[name] = square.ref;
        const denominator = numpy.sqrt(square.mul(correct2.ref)).add(1e-8);
        const change = mean.mul(correct1.ref).mul(LEARNING_RATE).div(denominator);
        next.p[name] = p[name].sub(change);
      }
      correct1.dispose();
      correct2.dispose();
      return [next.p, next.m, next.v, loss];
    },
  );
  let number = 0;
  let loss: Untyped;
  const losses: number[] = [];
  return {
    run() {
      number += 1;
      loss?.dispose();
      const scalar = (value: number) =>
        numpy.array(Float32Array.of(value), { shape: [1] }).reshape([]);
      [parameters, m, v, loss] = step(
        parameters,
        m,
        v,
        tree.ref(pictures),
        targets.ref,
        scalar(1 / (1 - 0.9 ** number)),
        scalar(1 / (1 - 0.999 ** number)),
      );
    },
    finish: () => lib.blockUntilReady([parameters, m, v, loss]),
    async outputs() {
      losses.push((await loss.ref.data())[0]);
      return { loss: Float32Array.from(losses) };
    },
    dispose() {
      tree.dispose([parameters, m, v, loss, pictures, targets]);
      step.dispose();
    },
  };
}

function infer(lib: Untyped, problem: InferProblem): Prepared {
  const { jit, tree } = lib;
  const parameters = arrays(lib, problem.tensors);
  const compute = jit((p: Arrays, pictures: Untyped[]) => {
    const logits = forward(lib, problem, p, pictures, false);
    tree.dispose(p);
    return logits;
  });
  let scores = new Float32Array();
  return {
    async run() {
      const pictures = problem.pictures.map((picture) => array(lib, picture));
      scores = await compute(tree.ref(parameters), pictures).data();
    },
    finish: () => Promise.resolve(),
    outputs: () => Promise.resolve({ logits: scores }),
    dispose() {
      tree.dispose(parameters);
      compute.dispose();
    },
  };
}

function layer(lib: Untyped, { op, inputs }: LayerProblem): Prepared {
  const { jit, tree, vjp } = lib;
  const given = arrays(lib, inputs);
  const functions: Record<string, (...values: Untyped[]) => Untyped> = {
    max_pool: pool,
    batch_norm: (x, gamma, beta) => normalize(lib, x, gamma, beta),
    dense: (x, weight, bias) => multiply(lib, x, weight, bias),
    lstm: (x, weight_ih, weight_hh, bias) => recur(lib, x, weight_ih, weight_hh, bias),
  };
  const convolution = convolutionOf(op);
  const groups = convolution?.depthwise ? (inputs.dy ?? inputs.x).shape[1] : 1;
  const [base, what] = op.split(' ');
  const f = functions[base] ?? ((x: Untyped, weight: Untyped) => convolve(lib, x, weight, groups));
  const names = Object.keys(inputs).filter((name) => name !== 'dy');
  /** The gradient at dy for the wanted names. Consumes everything. */
  const pullBack = (primals: Untyped[], dy: Untyped): Untyped[] => {
    const [y, back] = vjp(f, primals);
    y.dispose();
    const gradients = back(dy);
    back.dispose();
    return gradients;
  };
  let compute: (values: Arrays) => Arrays;
  if (what === undefined) {
    compute = (values) => ({ y: f(...names.map((name) => values[name])) });
  } else if (what === 'gradient') {
    compute = (values) => {
      const gradients = pullBack(
        names.map((name) => values[name]),
        values.dy,
      );
      return Object.fromEntries(names.map((name, i) => [`d${name}`, gradients[i]]));
    };
  } else if (what === 'dx') {
    const [N, , H, W] = inputs.dy.shape;
    const shape = [N, inputs.weight.shape[1] * groups, H, W];
    compute = ({ weight, dy }) => {
      const linear = (x: Untyped) => f(x, weight.ref);
      const [y, back] = vjp(linear, [lib.numpy.zeros(shape)]);
      y.dispose();
      const [dx] = back(dy);
      back.dispose();
      weight.dispose();
      return { dx };
    };
  } else {
    const taps = convolution!.taps;
    const shape = [inputs.dy.shape[1], inputs.x.shape[1] / groups, taps, taps];
    compute = ({ x, dy }) => {
      const linear = (weight: Untyped) => f(x.ref, weight);
      const [y, back] = vjp(linear, [lib.numpy.zeros(shape)]);
      y.dispose();
      const [dweight] = back(dy);
      back.dispose();
      x.dispose();
      return { dweight };
    };
  }
  const compiled = jit(compute);
  let results: Arrays[] = [];
  return {
    run() {
      results.push(compiled(tree.ref(given)));
    },
    async finish() {
      await lib.blockUntilReady(results);
      tree.dispose(results.slice(0, -1));
      results = results.slice(-1);
    },
    async outputs() {
      const outputs: Record<string, Float32Array> = {};
      for (const [name, value] of Object.entries(results[0])) {
        outputs[name] = await value.ref.data();
      }
      return outputs;
    },
    dispose() {
      tree.dispose([given, results]);
      compiled.dispose();
    },
  };
}

/** The last output of an LSTM that starts from zero. Consumes all. */
function recur(
  lib: Untyped,
  x: Untyped,
  weight_ih: Untyped,
  weight_hh: Untyped,
  bias: Untyped,
): Untyped {
  const { numpy } = lib;
  const [steps, samples, features]: number[] = x.shape;
  const hidden: number = weight_hh.shape[1];
  const projected = multiply(lib, x.reshape([steps * samples, features]), weight_ih, bias);
  let state: { h?: Untyped; c?: Untyped } = {};
  for (let t = 0; t < steps; t++) {
    let gates = projected.ref.slice([t * samples, (t + 1) * samples], []);
    if (state.h) gates = gates.add(numpy.matmul(state.h, weight_hh.ref.transpose([1, 0])));
    state = cell(lib, gates, state.c, hidden);
  }
  projected.dispose();
  weight_hh.dispose();
  state.c.dispose();
  return state.h;
}
