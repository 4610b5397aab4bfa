import { size } from '../../src/kernels/kernel';
import { modelConfig, type ModelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { filledTensor, uniformTensor, type Tensor } from './tensor';

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
  config: ModelConfig;
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

/** Forward FLOP of the convolutions and dense layers of one picture, all streams; and of the first layer. */
function modelFlops({ size: side, widths, streams, dense, hidden, classes }: ModelConfig) {
  let map = side;
  let channels = 1;
  const layers = widths.map((width) => {
    const flops = 2 * 25 * map * map * channels * width;
    map = Math.floor(map / 2);
    channels = width;
    return flops;
  });
  const G = streams.length;
  const features = G * 2 * channels * map * map * dense;
  const head = 2 * (G * dense * 4 * hidden + hidden * classes.length);
  return {
    forward: G * layers.reduce((a, b) => a + b, 0) + features + head,
    first: G * layers[0],
  };
}

function modelTensors(config: ModelConfig): Record<string, Tensor> {
  const { widths, streams, dense, hidden, classes } = config;
  const tensors: Record<string, Tensor> = {};
  let seed = 1;
  const uniform = (name: string, shape: number[], fan: number) => {
    tensors[name] = uniformTensor(seed++, shape, 1 / Math.sqrt(fan));
  };
  for (const stream of streams) {
    let channels = 1;
    widths.forEach((width, i) => {
      const block = `streams.${stream}.block${i + 1}`;
      uniform(`${block}.conv.weight`, [width, channels, 5, 5], channels * 25);
      tensors[`${block}.bn.weight`] = filledTensor([width], 1);
      tensors[`${block}.bn.bias`] = filledTensor([width], 0);
      uniform(`${block}.bn.running_mean`, [width], 100);
      tensors[`${block}.bn.running_var`] = filledTensor([width], 0.4);
      channels = width;
    });
    const side = Math.floor(config.size / 2 ** widths.length);
    const flat = channels * side * side;
    uniform(`streams.${stream}.fc.weight`, [dense, flat], flat);
    uniform(`streams.${stream}.fc.bias`, [dense], flat);
  }
  uniform('lstm.weight_ih_l0', [4 * hidden, dense * streams.length], hidden);
  uniform('lstm.weight_hh_l0', [4 * hidden, hidden], hidden);
  uniform('lstm.bias_ih_l0', [4 * hidden], hidden);
  uniform('lstm.bias_hh_l0', [4 * hidden], hidden);
  uniform('classifier.weight', [classes.length, hidden], hidden);
  uniform('classifier.bias', [classes.length], hidden);
  return tensors;
}

function modelProblem(preset: Preset, batch: number) {
  const config = modelConfig(preset, { dropout: 0 });
  const pictures = config.streams.map((_, i) =>
    uniformTensor(1000 + i, [batch, 1, config.size, config.size], Math.sqrt(3)),
  );
  return { config, batch, tensors: modelTensors(config), pictures };
}

export function trainProblem(preset: Preset, batch: number): TrainProblem {
  const model = modelProblem(preset, batch);
  const { forward, first } = modelFlops(model.config);
  const classes = model.config.classes.length;
  const labels = Uint32Array.from({ length: batch }, (_, i) => (i * 5 + 3) % classes);
  return {
    ...model,
    kind: 'train',
    name: `train ${preset} ${batch}`,
    labels,
    flops: batch * (3 * forward - first),
    // The second loss follows an update by Adam, which makes a full step of every tiny gradient's sign.
    tolerance: 2e-2,
  };
}

export function stepProblem(preset: Preset, batch: number): StepProblem {
  const { forward, first } = modelFlops(modelConfig(preset));
  const name = `step ${preset} ${batch}`;
  return { kind: 'step', name, preset, batch, flops: batch * (3 * forward - first), tolerance: 0 };
}

export function inferProblem(preset: Preset, batch: number): InferProblem {
  const model = modelProblem(preset, batch);
  const flops = batch * modelFlops(model.config).forward;
  return { ...model, kind: 'infer', name: `infer ${preset} ${batch}`, flops, tolerance: 1e-3 };
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

const model = (
  kind: keyof typeof MODELS,
  preset: Preset,
  batch: number,
  standard: boolean,
): ProblemEntry => ({
  name: `${kind} ${preset} ${batch}`,
  standard,
  make: () => MODELS[kind](preset, batch),
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
