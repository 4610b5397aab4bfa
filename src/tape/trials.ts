/** Every operation that has fast kernels, on a tiny shape, once by each of its choices. */
import type { Capabilities } from '../gpu/device';
import { conv5x5FlipWeights, conv5x5ReduceWeight } from '../kernels/conv5x5';
import type { ConvKind, FastConv5x5Variant, FastKernels } from '../kernels/fast';
import { bordered, f32, subgroupsOf, type Layout } from '../kernels/kernel';
import { PLAIN } from '../kernels/tuning';
import { bnReluPool } from './operations/bn_relu_pool';
import { conv, type ConvAttributes } from './operations/conv';
import { conv5x5 } from './operations/conv5x5';
import { gemm } from './operations/gemm';
import { maxPool } from './operations/max_pool';
import { Tape, type Operation } from './tape';
import { state, type Value } from './value';

/** A forward pass with all of its gradients. */
export interface Recorded {
  tape: Tape;
  inputs: Value[];
  outputs: Value[];
}

/** The readable kernels, and the same numbers by fast ones. */
export interface Trial {
  name: string;
  plain: Recorded;
  fast: { [name in FastKernels]?: Recorded };
}

/** Kernels that most variants have part in: that one runs tells nothing of which. */
export const SHARED = [conv5x5FlipWeights, conv5x5ReduceWeight].map(({ shader }) => shader);

/** Sides of the maps: one for each family of 5x5 kernels. */
const SIDES = [3, 6, 12];
/** Images, channels in and out: so many that Winograd's products by subgroups have a part, in all forms. */
const [N, C, O] = [2, 8, 40];

/** Trials of all that this adapter has kernels for, with or without the gradients'. */
export function trials(capabilities: Capabilities, gradients = true): Trial[] {
  const windows = [1, 2].flatMap((stride) =>
    (['1x1', '3x3', '5x5', 'depthwise'] as const).map((kind) =>
      convTrial(capabilities, kind, stride, gradients),
    ),
  );
  const subgroups = subgroupsOf(capabilities, 4);
  return [
    ...SIDES.map((side) => conv5x5Trial(capabilities, side, gradients)),
    ...windows,
    winogradTrial(capabilities, gradients),
    ...(subgroups ? [productTrial(capabilities, gradients)] : []),
    poolTrial(capabilities, gradients),
    ...(gradients ? [true, false] : [false]).map((training) => blockTrial(capabilities, training)),
  ];
}

function conv5x5Trial(capabilities: Capabilities, side: number, gradients: boolean): Trial {
  // Weight gradients of small maps have kernels for channels that fill a subgroup. With 8 in one trial and 16 in another
  // Winograd's product has up to 8 rows in one and more in the other: each is a form of its own.
  const channels = Math.max(side === 3 ? 2 * C : C, capabilities.subgroupMaxSize);
  const by = (variant: 'plain' | FastConv5x5Variant) =>
    record(
      new Tape(capabilities),
      conv5x5,
      {
        x: state('x', f32([1, N, channels, side, side], bordered(side))),
        weight: state('weight', f32([1, channels, 5, 5, O])),
      },
      { variant },
      gradients,
      bordered(side),
    );
  return {
    name: `conv5x5 ${side}`,
    plain: by('plain'),
    fast: {
      'conv5x5 tiled': by('tiled'),
      'conv5x5 winograd': by('winograd'),
      ...(subgroupsOf(capabilities, 4) && { 'conv5x5 subgroup': by('subgroup') }),
    },
  };
}

function convTrial(
  capabilities: Capabilities,
  kind: ConvKind,
  stride: number,
  gradients: boolean,
): Trial {
  const depthwise = kind === 'depthwise';
  const taps = depthwise ? 3 : Number(kind[0]);
  const by = (tape: Tape, variant: ConvAttributes['variant'] = 'direct') =>
    record(
      tape,
      conv,
      {
        x: state('x', f32([1, N, C, 7, 6])),
        weight: state('weight', f32(depthwise ? [1, C, 1, 3, 3] : [1, C, taps, taps, O])),
        bias: state('bias', f32([1, depthwise ? C : O])),
      },
      { stride, padding: (taps - 1) / 2, groups: depthwise ? C : 1, variant },
      gradients,
    );
  const tiled: FastKernels = `conv ${kind} tiled`;
  const subgroup: FastKernels = `conv ${kind} subgroup`;
  const subgroups = subgroupsOf(capabilities, 4) && !depthwise;
  return {
    name: `conv ${kind}, stride ${stride}`,
    plain: by(new Tape(capabilities, PLAIN)),
    fast: {
      [tiled]: by(new Tape({ ...capabilities, leftOut: new Set([subgroup]) })),
      ...(subgroups && { [subgroup]: by(new Tape({ ...capabilities, leftOut: new Set() })) }),
    },
  };
}

/** Without a bias, which it has no kernel for. */
function winogradTrial(capabilities: Capabilities, gradients: boolean): Trial {
  const by = (tape: Tape) =>
    record(
      tape,
      conv,
      { x: state('x', f32([1, N, C, 7, 6])), weight: state('weight', f32([1, C, 3, 3, O])) },
      { padding: 1, variant: 'winograd' },
      gradients,
    );
  return {
    name: 'conv 3x3 by Winograd',
    plain: by(new Tape(capabilities, PLAIN)),
    fast: { 'conv 3x3 winograd': by(new Tape({ ...capabilities, leftOut: new Set() })) },
  };
}

/** As many products as it takes before a GPU has them by register tiles. */
function productTrial(capabilities: Capabilities, gradients: boolean): Trial {
  const columns = 4 * Math.min(capabilities.subgroupMaxSize, 64);
  const by = (tape: Tape) =>
    record(
      tape,
      gemm,
      {
        a: state('a', f32([128, 16, 8])),
        b: state('b', f32([128, 8, columns])),
        c: state('c', f32([1, columns])),
      },
      undefined,
      gradients,
    );
  return {
    name: 'matrix product',
    plain: by(new Tape(capabilities, PLAIN)),
    fast: { 'matrix product subgroup': by(new Tape({ ...capabilities, leftOut: new Set() })) },
  };
}

/** Windows of 2x2, a row and a column left over. */
function poolTrial(capabilities: Capabilities, gradients: boolean): Trial {
  const layout = bordered(3);
  const by = (tape: Tape) => {
    const x = state('x', f32([1, N, C, 9, 7]));
    return record(tape, maxPool, { x }, { window: 2, layout }, gradients, layout);
  };
  return {
    name: 'max_pool 2x2',
    plain: by(new Tape(capabilities, PLAIN)),
    fast: { 'max_pool 2x2': by(new Tape({ ...capabilities, leftOut: undefined })) },
  };
}

/** Batch norm, ReLU and pool in one, and in parts. */
function blockTrial(capabilities: Capabilities, training: boolean): Trial {
  const layout = bordered(3);
  const channels = (name: string) => state(name, f32([1, C]));
  const by = (tape: Tape) =>
    record(
      tape,
      bnReluPool,
      {
        x: state('x', f32([1, N, C, 9, 7])),
        gamma: channels('gamma'),
        beta: channels('beta'),
        running_mean: channels('running_mean'),
        running_var: channels('running_var'),
      },
      // Variances are numbers from -0.5 on here.
      { training, eps: training ? undefined : 1, layout },
      training,
      layout,
    );
  return {
    name: `bn_relu_pool, ${training ? 'training' : 'inference'}`,
    plain: by(new Tape(capabilities, PLAIN)),
    fast: { bn_relu_pool: by(new Tape({ ...capabilities, leftOut: undefined })) },
  };
}

function record<In extends Record<string, Value>, O extends string, S extends string, A>(
  tape: Tape,
  operation: Operation<In, 'y' | O, S, A>,
  given: In,
  attributes: A,
  gradients: boolean,
  layout?: Layout,
): Recorded {
  const inputs = Object.values(given);
  if (gradients) for (const value of inputs) tape.watch(value);
  const { y } = tape.apply(operation, given, attributes) as Record<'y', Value>;
  if (!gradients) return { tape, inputs, outputs: [y] };
  const dy = state('dy', f32(y.shape, layout));
  tape.seed(y, dy);
  tape.backward();
  const found = inputs.map((value) => tape.gradientOf(value)).filter((value) => !!value);
  return { tape, inputs: [...inputs, dy], outputs: [y, ...found] };
}
