import type { WgslModule } from '../../src/gpu/wgsl';
import {
  conv5x5ForwardPlain,
  conv5x5ForwardSubgroup,
  conv5x5ForwardTiled,
} from '../../src/kernels/conv5x5';
import { bordered, layoutOf, planeStride } from '../../src/kernels/kernel';
import { conv5x5Forward as reference } from '../../src/kernels/reference/conv5x5';
import { dispatchOf, tensor, type Dispatch, type Filled } from '../dispatch';
import type { Ladder, Rung } from '../exercise';
import border from './conv5x5/2_border.wgsl';
import tile from './conv5x5/3_tile.wgsl';
import fourColumns from './conv5x5/4_four_columns.wgsl';
import eightChannels from './conv5x5/5_eight_channels.wgsl';

/** Images, channels in and out, height, width. */
type Sizes = readonly [N: number, C: number, O: number, H: number, W: number];

const name = ([N, C, O, H, W]: Sizes) => `${N} images, ${C} to ${O} channels, ${H} x ${W}`;

/** x with its border, weights, and y. */
function given([N, C, O, H, W]: Sizes, withAnswer: boolean) {
  const x: Filled = { ...tensor([1, N, C, H, W], H), layout: bordered(W) };
  const weight = tensor([1, C, 5, 5, O], W);
  const expected: Record<string, ArrayLike<number>> = withAnswer
    ? { y: reference(x.data, weight.data, { G: 1, N, C, O, H, W }) }
    : {};
  return { x, weight, expected };
}

/** @param unit words of x that are read at once */
function own(
  sizes: Sizes,
  groups: (sizes: Sizes) => Dispatch['groups'],
  unit: number,
  withAnswer = true,
): Dispatch {
  const [N, C, O, H, W] = sizes;
  const { x, weight, expected } = given(sizes, withAnswer);
  return {
    name: name(sizes),
    tensors: { x, weight, y: { shape: [1, N, O, H, W], dtype: 'f32' } },
    params: {
      images: N,
      channels: C,
      out_channels: O,
      height: H,
      width: W,
      x_row: layoutOf(x).rowStride / unit,
      x_plane: planeStride(x.shape, x.layout) / unit,
    },
    groups: groups(sizes),
    expected,
  };
}

function real(kernel: typeof conv5x5ForwardTiled, sizes: Sizes, withAnswer = true): Dispatch {
  const { x, weight, expected } = given(sizes, withAnswer);
  return dispatchOf(kernel, name(sizes), { x, weight }, {}, expected);
}

const COUNTED: Sizes = [1, 2, 8, 8, 16];
const TIMED: Sizes = [4, 8, 16, 48, 48];
const ODD: Sizes[] = [
  [2, 3, 3, 5, 7],
  [1, 1, 9, 9, 4],
  [1, 2, 1, 1, 1],
];
/** The tiles of what facegrad runs reach past others, and read there what they do not store. */
const WHOLE: Sizes[] = [
  [2, 3, 8, 6, 7],
  [1, 1, 16, 2, 5],
];
const tolerance = { absolute: 1e-4, relative: 1e-5 };

const threads =
  (count: (sizes: Sizes) => number) =>
  (sizes: Sizes): Dispatch['groups'] => [Math.ceil(count(sizes) / 64), 1, 1];

function rung(
  title: string,
  change: string,
  shader: WgslModule,
  dispatch: (sizes: Sizes, withAnswer?: boolean) => Dispatch,
  hidden = ODD,
  lanes?: number,
): Rung {
  return {
    lanes,
    title,
    change,
    shader,
    tolerance,
    shown: dispatch(COUNTED),
    hidden: hidden.map((sizes) => dispatch(sizes)),
    timed: () => dispatch(TIMED, false),
  };
}

const ladder: Ladder = {
  title: 'Seven ways to convolve',
  text: 'Counted on an image of 8 x 16, from 2 channels to 8; timed on four of 48 x 48, from 8 to 16.',
  rungs: [
    rung(
      'The definition',
      'A thread for each y; every tap is tested against the edges.',
      conv5x5ForwardPlain.shader,
      (sizes, withAnswer) => real(conv5x5ForwardPlain, sizes, withAnswer),
    ),
    rung(
      'Zeros around',
      'A border of zeros takes the place of the tests.',
      border,
      (sizes, withAnswer) =>
        own(
          sizes,
          threads(([N, , O, H, W]) => N * O * H * W),
          1,
          withAnswer,
        ),
    ),
    rung(
      'A tile in workgroup memory',
      '8 x 8 threads fetch 12 x 12 numbers once. Each still reads all the weights.',
      tile,
      (sizes, withAnswer) =>
        own(sizes, ([N, , O, H, W]) => [Math.ceil(W / 8), Math.ceil(H / 8), N * O], 1, withAnswer),
    ),
    rung(
      'Four columns',
      'Eight numbers of x serve five taps of four columns; a weight serves four.',
      fourColumns,
      (sizes, withAnswer) =>
        own(
          sizes,
          threads(([N, , O, H, W]) => N * O * H * Math.ceil(W / 4)),
          4,
          withAnswer,
        ),
    ),
    rung(
      'Eight channels',
      'What was read of x serves eight channels of y.',
      eightChannels,
      (sizes, withAnswer) =>
        own(
          sizes,
          threads(([N, , O, H, W]) => N * Math.ceil(O / 8) * H * Math.ceil(W / 4)),
          4,
          withAnswer,
        ),
    ),
    rung(
      'Two rows: what facegrad runs without subgroups',
      'A weight serves eight elements: 64 sums in registers.',
      conv5x5ForwardTiled.shader,
      (sizes, withAnswer) => real(conv5x5ForwardTiled, sizes, withAnswer),
      WHOLE,
    ),
    rung(
      'Broadcast: what facegrad runs with subgroups',
      'Eight threads need the same 40 weights: each reads a part, and a broadcast hands it to all.',
      conv5x5ForwardSubgroup.shader,
      (sizes, withAnswer) => real(conv5x5ForwardSubgroup, sizes, withAnswer),
      WHOLE,
      8,
    ),
  ],
};
export default ladder;
