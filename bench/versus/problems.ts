import { size } from '../../src/kernels/kernel';
import type { NetworkConfig } from '../../src/nn/network';
import { namedConfig } from '../../src/nn/systems';
import { modelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { flopsOf, layersOf, tensorsOf, type Layer } from './layers';
import { uniformTensor, type Tensor } from './tensor';

/** What every library is asked to compute, from the very same numbers. Tensors are in PyTorch's layout. */
export type Problem = StepProblem | TrainProblem | InferProblem | LayerProblem;

interface Common {
  name: string;
  /** Floating-point operations of one run, counted by the mathematics and not by what a library does. */
  flops: number;
  /** Largest difference from the first library's numbers, relative to the largest of them, that is believed. */
  tolerance: number;
}

/**
 * The step that the trainer runs: bytes of pictures gathered, augmented and preprocessed, then as
 * `TrainProblem`, then metrics. Only this library has it.
 */
export interface StepProblem extends Common {
  kind: 'step';
  preset: Preset;
  batch: number;
}

/** The whole network: parameters and statistics by their names in a weights file. */
interface ModelProblem extends Common {
  config: NetworkConfig;
  /** The same network for libraries that build it themselves. */
  layers: Layer[];
  batch: number;
  tensors: Record<string, Tensor>;
  /** Standardized pictures of each stream, [N,1,H,W]. */
  pictures: Tensor[];
}

/** Forward, focal loss (gamma 2), backward, one update by Adam (1e-3). Gives the losses of the first two steps. */
export interface TrainProblem extends ModelProblem {
  kind: 'train';
  labels: Uint32Array;
}

/** From pictures on the host to class scores on the host, with batch norm's running statistics. */
export interface InferProblem extends ModelProblem {
  kind: 'infer';
}

/** Convolutions of "same" size without bias, by name: the window's side, and whether every channel has one of its own. */
const CONVOLUTIONS = {
  conv5x5: { taps: 5, depthwise: false },
  conv3x3: { taps: 3, depthwise: false },
  conv1x1: { taps: 1, depthwise: false },
  depthwise3x3: { taps: 3, depthwise: true },
};
type Convolution = keyof typeof CONVOLUTIONS;

/** What an operation is, if it is a convolution or one of its gradients. */
export function convolutionOf(op: LayerOp) {
  const [name, pass = 'y'] = op.split(' ');
  if (!(name in CONVOLUTIONS)) return undefined;
  return { ...CONVOLUTIONS[name as Convolution], pass: pass as 'y' | 'dx' | 'dw' };
}

export type LayerOp =
  | Convolution
  | `${Convolution} dx`
  | `${Convolution} dw`
  | 'max_pool'
  | 'max_pool gradient'
  | 'batch_norm'
  | 'batch_norm gradient'
  | 'dense'
  | 'dense gradient'
  | 'lstm'
  | 'lstm gradient';

/**
 * One layer. `gradient` means forward and gradient together, as what is kept in between differs from
 * library to library; the convolution's two gradients stand alone.
 */
export interface LayerProblem extends Common {
  kind: 'layer';
  op: LayerOp;
  inputs: Record<string, Tensor>;
  /** Bytes of inputs and outputs, each once. */
  bytes: number;
}

export const LEARNING_RATE = 1e-3;
export const FOCUS = 2;

function modelProblem(network: string, batch: number) {
  const config = namedConfig(network, { dropout: 0 });
  const layers = layersOf(config);
  const pictures = config.streams.map((_, i) =>
    uniformTensor(1000 + i, [batch, 1, config.size, config.size], Math.sqrt(3)),
  );
  return { config, layers, batch, tensors: tensorsOf(layers), pictures };
}

/** Of a step: every layer's work three times, but for the gradient of the pictures. */
function trainFlops(config: NetworkConfig, batch: number): number {
  const { forward, first } = flopsOf(layersOf(config), config.size);
  return batch * (3 * forward - first);
}

/** @param network a preset, or the name of a system with its defaults */
export function trainProblem(network: string, batch: number): TrainProblem {
  const model = modelProblem(network, batch);
  const classes = model.config.classes.length;
  return {
    ...model,
    kind: 'train',
    name: `train ${network} ${batch}`,
    labels: Uint32Array.from({ length: batch }, (_, i) => (i * 5 + 3) % classes),
    flops: trainFlops(model.config, batch),
    // The second loss follows an update by Adam, which makes a full step of every tiny gradient's sign.
    tolerance: 2e-2,
  };
}

export function stepProblem(preset: Preset, batch: number): StepProblem {
  const flops = trainFlops(modelConfig(preset), batch);
  return { kind: 'step', name: `step ${preset} ${batch}`, preset, batch, flops, tolerance: 0 };
}

export function inferProblem(network: string, batch: number): InferProblem {
  const model = modelProblem(network, batch);
  const flops = batch * flopsOf(model.layers, model.config.size).forward;
  return { ...model, kind: 'infer', name: `infer ${network} ${batch}`, flops, tolerance: 1e-3 };
}

const layer = (
  op: LayerOp,
  shape: string,
  flops: number,
  outputs: number,
  shapes: Record<string, readonly number[]>,
): LayerProblem => {
  const inputs: Record<string, Tensor> = {};
  let elements = outputs;
  Object.entries(shapes).forEach(([name, extents], i) => {
    inputs[name] = uniformTensor(i + 1, extents, name.startsWith('weight') ? 0.1 : 1);
    elements += size(extents);
  });
  const bytes = 4 * elements;
  return { kind: 'layer', op, name: `${op} ${shape}`, inputs, flops, bytes, tolerance: 2e-4 };
};

/** y, dx and dw of one convolution. */
function convProblems(op: Convolution, N: number, C: number, W: number, O: number): LayerProblem[] {
  const { taps, depthwise } = CONVOLUTIONS[op];
  const name = `(${N},${C},${W},${W})->${O}`;
  const x = [N, C, W, W];
  const dy = [N, O, W, W];
  const weight = [O, depthwise ? 1 : C, taps, taps];
  const flops = 2 * N * W * W * size(weight);
  return [
    layer(op, name, flops, size(dy), { x, weight }),
    // The first layer's input is data: nothing asks for its gradient.
    ...(C > 1 ? [layer(`${op} dx`, name, flops, size(x), { dy, weight })] : []),
    layer(`${op} dw`, name, flops, size(weight), { x, dy }),
  ];
}

function mapProblems(N: number, C: number, W: number): LayerProblem[] {
  const x = [N, C, W, W];
  const half = [N, C, Math.floor(W / 2), Math.floor(W / 2)];
  const name = `(${N},${C},${W},${W})`;
  const affine = { gamma: [C], beta: [C] };
  return [
    layer('max_pool', name, size(x), size(half), { x }),
    layer('max_pool gradient', name, 2 * size(x), size(half) + size(x), { x, dy: half }),
    layer('batch_norm', name, 6 * size(x), size(x), { x, ...affine }),
    layer('batch_norm gradient', name, 16 * size(x), 2 * size(x), { x, ...affine, dy: x }),
  ];
}

function denseProblems(N: number, K: number, M: number): LayerProblem[] {
  const name = `(${N},${K})->${M}`;
  const flops = 2 * N * K * M;
  const given = { x: [N, K], weight: [M, K], bias: [M] };
  const gradients = N * M + N * K + M * K + M;
  return [
    layer('dense', name, flops, N * M, given),
    layer('dense gradient', name, 3 * flops, gradients, { ...given, dy: [N, M] }),
  ];
}

function lstmProblems(T: number, N: number, I: number, H: number): LayerProblem[] {
  const name = `(${T},${N},${I})->${H}`;
  const flops = 2 * N * 4 * H * (T * I + (T - 1) * H);
  const weights = 4 * H * (I + H + 1);
  const given = {
    x: [T, N, I],
    weight_ih: [4 * H, I],
    weight_hh: [4 * H, H],
    bias: [4 * H],
  };
  return [
    layer('lstm', name, flops, N * H, given),
    layer('lstm gradient', name, 3 * flops, T * N * I + weights, { ...given, dy: [N, H] }),
  ];
}

/** A list of problems and when it is run. Problems are made only when run: their tensors are large. */
export interface ProblemEntry {
  name: string;
  /** In the default run; the others with `--full` or by name. */
  standard: boolean;
  make(): Problem;
}

const MODELS = { train: trainProblem, infer: inferProblem, step: stepProblem };

const model = <K extends keyof typeof MODELS>(
  kind: K,
  network: Parameters<(typeof MODELS)[K]>[0],
  batch: number,
  standard: boolean,
): ProblemEntry => ({
  name: `${kind} ${network} ${batch}`,
  standard,
  make: () => MODELS[kind](network as Preset, batch),
});

const layers = (standard: boolean, make: () => LayerProblem[], names: string[]): ProblemEntry[] =>
  names.map((name, i) => ({ name, standard, make: () => make()[i] }));

const conv = (
  standard: boolean,
  N: number,
  C: number,
  W: number,
  O: number,
  op: Convolution = 'conv5x5',
) => {
  const shape = `(${N},${C},${W},${W})->${O}`;
  const ops = C > 1 ? [op, `${op} dx`, `${op} dw`] : [op, `${op} dw`];
  return layers(
    standard,
    () => convProblems(op, N, C, W, O),
    ops.map((op) => `${op} ${shape}`),
  );
};

const maps = (standard: boolean, N: number, C: number, W: number) =>
  layers(
    standard,
    () => mapProblems(N, C, W),
    ['max_pool', 'max_pool gradient', 'batch_norm', 'batch_norm gradient'].map(
      (op) => `${op} (${N},${C},${W},${W})`,
    ),
  );

const pairs = (standard: boolean, op: string, shape: string, make: () => LayerProblem[]) =>
  layers(standard, make, [`${op} ${shape}`, `${op} gradient ${shape}`]);

/** Everything that libraries are compared on. */
export const PROBLEMS: ProblemEntry[] = [
  model('train', 'small', 16, true),
  model('infer', 'small', 1, true),
  model('infer', 'small', 32, true),
  model('step', 'small', 16, true),
  model('step', 'small', 64, false),
  model('step', 'paper', 8, false),
  model('train', 'paper', 8, false),
  // What others build, in their usual shapes for 48 pixels.
  model('train', 'vgg', 16, true),
  model('train', 'resnet', 16, true),
  model('train', 'mobilenet', 16, true),
  model('infer', 'paper', 1, false),
  model('infer', 'paper', 32, false),
  // L1 to L5 of the preset `paper`, one stream.
  ...conv(false, 8, 1, 96, 32),
  ...conv(true, 8, 32, 48, 64),
  ...conv(true, 8, 64, 24, 128),
  ...conv(true, 8, 128, 12, 128),
  ...conv(false, 8, 128, 6, 256),
  // L1 to L5 of the preset `small`.
  ...conv(false, 16, 1, 48, 16),
  ...conv(false, 16, 16, 24, 32),
  ...conv(false, 16, 32, 12, 64),
  ...conv(false, 16, 64, 6, 96),
  ...conv(false, 16, 96, 3, 128),
  // What VGG, ResNet and MobileNet are made of.
  ...conv(true, 16, 64, 24, 64, 'conv3x3'),
  ...conv(true, 16, 128, 24, 128, 'conv1x1'),
  ...conv(true, 16, 64, 24, 64, 'depthwise3x3'),
  ...maps(true, 8, 32, 48),
  ...maps(false, 16, 16, 48),
  ...maps(false, 16, 64, 12),
  ...pairs(true, 'dense', '(64,512)->512', () => denseProblems(64, 512, 512)),
  ...pairs(false, 'dense', '(16,128)->256', () => denseProblems(16, 128, 256)),
  ...pairs(true, 'lstm', '(4,16,512)->128', () => lstmProblems(4, 16, 512, 128)),
  ...pairs(false, 'lstm', '(1,16,512)->128', () => lstmProblems(1, 16, 512, 128)),
];

/** Entries whose name the pattern fits, or the standard ones (all with `full`). */
export function chooseProblems(only: string, full: boolean): ProblemEntry[] {
  if (only) {
    const pattern = new RegExp(only, 'i');
    return PROBLEMS.filter(({ name }) => pattern.test(name));
  }
  return PROBLEMS.filter(({ standard }) => full || standard);
}
