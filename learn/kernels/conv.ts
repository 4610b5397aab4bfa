import { convForwardPlain, convFrame, type FrameAttributes } from '../../src/kernels/conv';
import { convForward as reference } from '../../src/kernels/reference/conv';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

interface Case {
  /** [G, N, C, H, W]. */
  x: readonly number[];
  outputs: number;
  taps: number;
  stride: number;
  padding: number;
}

function forward({ x: shape, outputs, taps, stride, padding }: Case): Dispatch {
  const [G, N, C, ...extents] = shape;
  const map = extents.map((n) => Math.floor((n + 2 * padding - taps) / stride) + 1);
  const [x, bias] = [tensor(shape, 1), tensor([G, outputs], 3)];
  const weight = tensor([G, C, taps, taps, outputs], 2);
  const before = [padding, padding] as const;
  const made = [G, N, outputs, ...map];
  const y = reference(x.data, shape, weight.data, bias.data, made, { taps, stride, before });
  const attributes = { stride, before, map: [map[0], map[1]] as const, hasBias: true };
  const name = `[${shape}] to ${outputs} channels, ${taps} x ${taps}, stride ${stride}`;
  const dispatch = dispatchOf(convForwardPlain, name, { x, weight, bias }, attributes, { y });
  return inWorkgroupsOf(8, y.length, dispatch);
}

/** x with zeros around it. */
function framed(shape: number[], attributes: FrameAttributes): Dispatch {
  const { shape: to, before, stride = 1, expand = 1 } = attributes;
  const x = tensor(shape, 4);
  const [H, W] = shape.slice(-2);
  const [rows, columns] = to.slice(-2);
  const y = Array.from({ length: to.reduce((a, b) => a * b) }, (_, at) => {
    const plane = Math.floor(at / (rows * columns));
    const [r, s] = [
      (Math.floor(at / columns) % rows) * stride - before[0],
      (at % columns) * stride - before[1],
    ];
    const inside = r >= 0 && s >= 0 && r < H * expand && s < W * expand;
    if (!inside || r % expand > 0 || s % expand > 0) return 0;
    return x.data[(plane * H + r / expand) * W + s / expand];
  });
  const name = `[${shape}] in [${to}], ${before} before${stride > 1 ? `, every ${stride}.` : ''}${expand > 1 ? `, spread by ${expand}` : ''}`;
  const made = dispatchOf(convFrame, name, { x }, attributes, { y });
  return inWorkgroupsOf(4, (y.length / columns) * Math.ceil(columns / 4), made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'stride',
      title: 'Find the fault',
      task: 'A window that moves two pixels at a time, across and down. Here it moves one way only.',
      shader: convForwardPlain.shader,
      faults: [['row * i32(params.stride) + ', 'row + ']],
      fails: ['value'],
      tolerance: { absolute: 1e-4, relative: 1e-5 },
      shown: forward({ x: [1, 1, 1, 5, 5], outputs: 1, taps: 3, stride: 2, padding: 1 }),
      hidden: [
        forward({ x: [2, 2, 3, 4, 7], outputs: 2, taps: 3, stride: 2, padding: 0 }),
        forward({ x: [1, 3, 2, 6, 6], outputs: 5, taps: 1, stride: 1, padding: 0 }),
      ],
      hints: ['Rows and columns are computed alike, one line below the other.'],
    },
    {
      id: 'frame',
      title: 'Write the frame',
      task: 'Each thread writes four neighbours of a row of y, as far as the row goes: the pixel of x, or zero where there is none. `source` gives the row or column of x, or -1. Eight lines.',
      shader: convFrame.shader,
      faults: [
        [
          `  for (var column = begin; column < end; column++) {
    let j = source(column, params.left, params.width);
    var value = 0.0;
    if (i >= 0 && j >= 0) {
      value = x[from_x + u32(j)];
    }
    y[line * params.y_row + column] = value;
  }
`,
          '  // Yours: the columns from begin to end.\n',
        ],
      ],
      fails: ['unwritten'],
      shown: framed([1, 2, 4], { shape: [1, 4, 8], before: [1, 1] }),
      hidden: [
        framed([2, 3, 3], { shape: [2, 7, 8], before: [1, 2], expand: 2 }),
        framed([1, 5, 7], { shape: [1, 3, 5], before: [0, 0], stride: 2 }),
        framed([3, 1, 1], { shape: [3, 2, 4], before: [1, 0] }),
      ],
      hints: [
        'The row of x is i, found above; the column is source(column, params.left, params.width).',
        'Row i of x begins at from_x; the row of y at line * params.y_row.',
      ],
    },
  ],
};
export default lesson;
