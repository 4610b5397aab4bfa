import { syntheticFaces } from '../../src/data/synthetic';
import type { Gpu } from '../../src/gpu/device';
import { bordered, f32, u32, type TensorSpec } from '../../src/kernels/kernel';
import { DIRECT, PLAIN, type Tuning } from '../../src/kernels/tuning';
import type { Network } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import type { NamedTensor } from '../../src/nn/parameters';
import { batchNormStreams } from '../../src/tape/operations/batch_norm';
import { conv } from '../../src/tape/operations/conv';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import { linear } from '../../src/tape/operations/dense';
import { focalLoss } from '../../src/tape/operations/focal_loss';
import { lstm } from '../../src/tape/operations/lstm';
import { maxPool } from '../../src/tape/operations/max_pool';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { trainConfig } from '../../src/train/config';
import { optimize } from '../../src/train/optimizer';
import { TrainingStep } from '../../src/train/step';
import { fromLayout, toLayout } from './layout';
import {
  convolutionOf,
  FOCUS,
  LEARNING_RATE,
  type InferProblem,
  type LayerProblem,
  type StepProblem,
  type TrainProblem,
} from './problems';
import type { Prepared, Subject } from './subject';
import { permute, type Tensor } from './tensor';

/** `fast` as the trainer runs them, `direct` without Winograd, `plain` the readable ones wherever there are others. */
export type KernelChoice = 'fast' | 'direct' | 'plain';

const TUNINGS: Record<KernelChoice, Tuning | undefined> = {
  fast: undefined,
  direct: DIRECT,
  plain: PLAIN,
};

/** This library. */
export function facegrad(requestGpu: () => Promise<Gpu>, kernels: KernelChoice): Subject {
  const tuning = TUNINGS[kernels];
  let gpu: Gpu | undefined;
  return {
    library: kernels === 'fast' ? 'facegrad' : `facegrad ${kernels}`,
    async prepare(problem) {
      gpu ??= await requestGpu();
      if (problem.kind === 'step') return step(gpu, problem, tuning);
      if (problem.kind === 'train') return train(gpu, problem, tuning);
      if (problem.kind === 'infer') return infer(gpu, problem, tuning);
      return layer(gpu, problem, tuning);
    },
    dispose: () => gpu?.dispose(),
  };
}

function fill(storage: Storage, name: string, spec: TensorSpec, { data }: Tensor): Value {
  const value = state(name, spec);
  storage.write(value, toLayout(spec, data));
  return value;
}

function loadModel(storage: Storage, { config, tensors }: TrainProblem | InferProblem): Network {
  const model = createNetwork(config);
  const named = new Map<string, NamedTensor>();
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    named.set(name, { name, shape: [...shape], data });
  }
  model.import(storage, named);
  return model;
}

/** All streams' pictures as the one tensor that the network takes, in the layout of its first convolution. */
function stackPictures({ config, tensors, batch, pictures }: TrainProblem | InferProblem): {
  spec: TensorSpec;
  data: Float32Array;
} {
  const { size } = config;
  const [, , , taps] = Object.values(tensors).find(({ shape }) => shape.length === 4)!.shape;
  const spec = f32([pictures.length, batch, 1, size, size], bordered(size, (taps - 1) / 2));
  const all = new Float32Array(pictures.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of pictures) {
    all.set(data, offset);
    offset += data.length;
  }
  return { spec, data: toLayout(spec, all) as Float32Array };
}

async function train(gpu: Gpu, problem: TrainProblem, tuning?: Tuning): Promise<Prepared> {
  const storage = new Storage(gpu);
  const model = loadModel(storage, problem);
  const { spec, data } = stackPictures(problem);
  const x = state('pictures', spec);
  storage.write(x, data);
  const { batch, config } = problem;
  const labels = state('labels', u32([batch]));
  storage.write(labels, problem.labels);
  const alpha = state('alpha', f32([config.classes.length]));
  storage.write(alpha, new Float32Array(config.classes.length).fill(1));
  const step = state('step', u32([64]));
  const badStep = state('first bad step', u32([1]));
  const tape = new Tape(gpu.capabilities, tuning);
  const { logits } = model.forwardFrom(tape, x, batch, { training: true, step });
  const { loss } = focalLoss(tape, { logits, labels, alpha }, { gamma: FOCUS });
  tape.backward();
  const optimizer = { name: 'adam' as const, learningRate: LEARNING_RATE, weightDecay: 0 };
  optimize(tape, model.arenas.parameters, optimizer, step, badStep);
  const plan = await Plan.compile(tape, storage, { keep: [loss] });
  const words = new Uint32Array(3);
  new Float32Array(words.buffer)[2] = LEARNING_RATE;
  const losses: number[] = [];
  return {
    ...running(gpu, storage, plan),
    run() {
      words[1] += 1;
      storage.write(step, words);
      plan.run();
    },
    async outputs() {
      const perSample = (await plan.read(loss)) as Float32Array;
      losses.push(perSample.reduce((a, b) => a + b, 0));
      return { loss: Float32Array.from(losses) };
    },
  };
}

/** As the trainer records and runs it, from drawn faces. */
async function step(gpu: Gpu, { preset, batch }: StepProblem, tuning?: Tuning): Promise<Prepared> {
  const config = trainConfig(preset, {
    batch,
    tuning,
    loss: { gamma: 2, alpha: 'none', smoothing: 0 },
  });
  const data = syntheticFaces({ seed: 1, count: 2 * batch, size: 48 });
  const prepared = await TrainingStep.prepare(gpu, createNetwork(config.model), config, data);
  const { storage, plan, recorded } = prepared;
  let number = 0;
  const writeStep = () => prepared.write(++number, LEARNING_RATE);
  const parts = running(gpu, storage, plan);
  return {
    ...parts,
    run() {
      writeStep();
      plan.run();
    },
    outputs: async () => ({ totals: (await storage.read(recorded.totals)) as Float32Array }),
    encode() {
      writeStep();
      parts.encode();
    },
  };
}

async function infer(gpu: Gpu, problem: InferProblem, tuning?: Tuning): Promise<Prepared> {
  const storage = new Storage(gpu);
  const model = loadModel(storage, problem);
  const { spec, data } = stackPictures(problem);
  const x = state('pictures', spec);
  const step = state('step', u32([64]));
  const tape = new Tape(gpu.capabilities, tuning, model.weights);
  const { logits } = model.forwardFrom(tape, x, problem.batch, { training: false, step });
  const plan = await Plan.compile(tape, storage, { keep: [logits] });
  let scores = new Float32Array();
  return {
    ...running(gpu, storage, plan),
    async run() {
      storage.write(x, data);
      plan.run();
      scores = (await plan.read(logits)) as Float32Array<ArrayBuffer>;
    },
    outputs: () => Promise.resolve({ logits: scores }),
  };
}

/** The parts that every prepared plan has. */
function running(gpu: Gpu, storage: Storage, plan: Plan) {
  return {
    finish: () => gpu.done(),
    encode() {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      plan.encode(pass);
      pass.end();
      encoder.finish();
    },
    dispose() {
      plan.dispose();
      storage.dispose();
    },
  };
}

/** A convolution's weights [O,C,K,K] as the kernels keep them, [G,C,K,K,O], and back. */
const kernelWeight = (weight: Tensor) => permute(weight, [1, 2, 3, 0]);
function fileWeight(data: Float32Array, [, ...shape]: readonly number[]): Float32Array {
  return permute({ shape, data }, [3, 0, 1, 2]).data;
}

async function layer(gpu: Gpu, problem: LayerProblem, tuning?: Tuning): Promise<Prepared> {
  const storage = new Storage(gpu);
  const tape = new Tape(gpu.capabilities, tuning);
  const results = record(storage, tape, problem);
  const temporaries = Object.values(results).filter(({ root }) => root.role === 'temporary');
  const plan = await Plan.compile(tape, storage, { keep: temporaries });
  return {
    ...running(gpu, storage, plan),
    run: () => plan.run(),
    async outputs() {
      const outputs: Record<string, Float32Array> = {};
      for (const [name, value] of Object.entries(results)) {
        const source = value.root.role === 'temporary' ? plan : storage;
        const dense = fromLayout(value.spec, (await source.read(value)) as Float32Array);
        const turned = name === 'dweight' && convolutionOf(problem.op)?.depthwise === false;
        outputs[name] = turned ? fileWeight(dense, value.shape) : dense;
      }
      return outputs;
    },
  };
}

/** A convolution or one of its gradients, from and to the layouts in which its neighbours have them. */
function recordConvolution(
  storage: Storage,
  tape: Tape,
  inputs: LayerProblem['inputs'],
  { taps, depthwise, pass }: NonNullable<ReturnType<typeof convolutionOf>>,
): Record<string, Value> {
  const padding = (taps - 1) / 2;
  const spec = ([N, C, H, W]: readonly number[]) =>
    f32([1, N, C, H, W], padding > 0 ? bordered(W, padding) : undefined);
  const picture = (name: string) => fill(storage, name, spec(inputs[name].shape), inputs[name]);
  const weights = (given: Tensor) => {
    const stored = depthwise ? given : kernelWeight(given);
    return fill(storage, 'weight', f32([1, ...stored.shape]), stored);
  };
  const [N, O, H, W] = (inputs.dy ?? inputs.x).shape;
  const C = depthwise ? O : pass === 'dx' ? inputs.weight.shape[1] : inputs.x.shape[1];
  const filter = depthwise ? [C, 1, taps, taps] : [C, taps, taps, O];
  const x = pass === 'dx' ? state('x', spec([N, C, H, W])) : picture('x');
  const weight = pass === 'dw' ? state('weight', f32([1, ...filter])) : weights(inputs.weight);
  const attributes = { padding, groups: depthwise ? C : 1 };
  const given = { x, weight };
  if (pass === 'y') {
    const { y } = taps === 5 ? tape.apply(conv5x5, given, {}) : tape.apply(conv, given, attributes);
    return { y };
  }
  const dy = picture('dy');
  const wanted = pass === 'dx' ? x : weight;
  wanted.grad = state('gradient', wanted.spec);
  const made = { inputs: given, dy: { y: dy } };
  const gradients =
    taps === 5
      ? conv5x5.backward!(tape, { ...made, outputs: { y: dy }, attributes: {} })
      : conv.backward!(tape, { ...made, outputs: { y: dy } as never, attributes });
  return pass === 'dx' ? { dx: gradients.x! } : { dweight: gradients.weight! };
}

/** Appends a layer to the tape; returns what it computes, by the problem's names. */
function record(storage: Storage, tape: Tape, { op, inputs }: LayerProblem): Record<string, Value> {
  const gradient = op.endsWith('gradient');
  /** With the leading axis of streams; a layer has one stream. */
  const grouped = (name: string, tensor: Tensor = inputs[name]) =>
    fill(storage, name, f32([1, ...tensor.shape]), tensor);
  const plainly = (name: string) => fill(storage, name, f32(inputs[name].shape), inputs[name]);
  const wantGradients = (values: Record<string, Value>) => {
    if (!gradient) return;
    for (const [name, value] of Object.entries(values)) {
      value.grad = state(`d${name}`, f32(value.shape));
    }
  };
  /** Walks back from y, and names what came out. */
  const withGradients = (y: Value, dy: Value | undefined, values: Record<string, Value>) => {
    if (!gradient) return { y };
    tape.seed(y, dy!);
    tape.backward();
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`d${name}`, tape.gradientOf(value)!]),
    );
  };
  const convolution = convolutionOf(op);
  if (convolution) return recordConvolution(storage, tape, inputs, convolution);
  if (op.startsWith('max_pool')) {
    const x = grouped('x');
    wantGradients({ x });
    const { y } = tape.apply(maxPool, { x }, { window: 2 });
    return withGradients(y, gradient ? grouped('dy') : undefined, { x });
  }
  if (op.startsWith('batch_norm')) {
    const values = { x: grouped('x'), gamma: grouped('gamma'), beta: grouped('beta') };
    wantGradients(values);
    const running_mean = state('running_mean', f32(values.gamma.shape));
    const running_var = state('running_var', f32(values.gamma.shape));
    const all = { ...values, running_mean, running_var };
    const { y } = tape.apply(batchNormStreams, all, { training: true });
    return withGradients(y, gradient ? grouped('dy') : undefined, values);
  }
  if (op.startsWith('dense')) {
    const values = { x: grouped('x'), weight: grouped('weight'), bias: grouped('bias') };
    wantGradients(values);
    const { y } = tape.apply(linear, values, {});
    return withGradients(y, gradient ? grouped('dy') : undefined, values);
  }
  const values = {
    x: plainly('x'),
    weight_ih: plainly('weight_ih'),
    weight_hh: plainly('weight_hh'),
  };
  const bias_ih = plainly('bias');
  wantGradients({ ...values, bias: bias_ih });
  const [, samples] = values.x.shape;
  const hidden = values.weight_hh.shape[1];
  const zero = () => state('zero', f32([samples, hidden]));
  const bias_hh = state('bias_hh', f32([4 * hidden]));
  const all = { ...values, bias_ih, bias_hh, h0: zero(), c0: zero() };
  const { h_n } = tape.apply(lstm, all, { zeroState: true });
  const named = { ...values, bias: bias_ih };
  return withGradients(h_n, gradient ? plainly('dy') : undefined, named);
}
