import {
  copyAxis,
  copyAxisBackward,
  copyLayout,
  copyPlace,
  copyStrided,
  fill,
  PAD_MODES,
  stridesOf,
  type StridedAttributes,
} from '../../src/kernels/copy';
import { bordered, size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/copy';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

const exact = { absolute: 0, relative: 0 };
const ones = (shape: readonly number[]) => shape.map(() => 1);
const zeros = (shape: readonly number[]) => shape.map(() => 0);
const at = (shape: readonly number[], axis: number, value: number, other: readonly number[]) =>
  shape.map((_, i) => (i === axis ? value : other[i]));

const SLICES = [
  { name: 'one number', shape: [1], axis: 0, begin: 0, step: 1, length: 1 },
  { name: 'the middle', shape: [7], axis: 0, begin: 2, step: 1, length: 3 },
  { name: 'every second', shape: [3, 9], axis: 1, begin: 1, step: 2, length: 4 },
  { name: 'backwards', shape: [4, 5], axis: 0, begin: 3, step: -1, length: 4 },
  { name: 'backwards by threes', shape: [2, 8, 3], axis: 1, begin: 7, step: -3, length: 3 },
  { name: 'nothing', shape: [4, 5], axis: 1, begin: 2, step: 1, length: 0 },
  { name: 'rows of images', shape: [2, 3, 5, 4], axis: 2, begin: 1, step: 1, length: 3 },
  { name: 'past one workgroup', shape: [5, 100], axis: 1, begin: 10, step: 1, length: 80 },
];

const PADS = PAD_MODES.flatMap((mode) =>
  [
    { name: `${mode}: one number`, shape: [1], axis: 0, before: 0, after: 0 },
    { name: `${mode}: both sides`, shape: [5], axis: 0, before: 2, after: 3 },
    { name: `${mode}: more than there is`, shape: [2, 3, 2], axis: 1, before: 7, after: 5 },
    { name: `${mode}: less on one side`, shape: [2, 6], axis: 1, before: -2, after: 4 },
  ].map((pad) => ({ ...pad, mode })),
);

testKernel(copyAxis, {
  cases: [
    ...SLICES.map(({ name, shape, ...attributes }, i) => ({
      name,
      inputs: { x: tensor(shape, i + 1) },
      attributes: attributes as Parameters<typeof copyAxis.outputs>[1],
    })),
    ...PADS.map(({ name, shape, axis, before, after, mode }, i) => ({
      name,
      inputs: { x: tensor(shape, i + 1) },
      attributes: { axis, mode, begin: -before, length: shape[axis] + before + after, value: 1.5 },
    })),
    {
      name: 'whole numbers, and around them',
      inputs: { x: tensor([3], [1, 4294967295, 7], { dtype: 'u32' }) },
      attributes: { axis: 0, begin: -1, length: 5, value: 9 },
    },
    {
      name: 'between the elements of a step (the gradient of every second)',
      inputs: { x: tensor([4], 3) },
      attributes: { axis: 0, begin: -1, length: 9, every: 2, step: 1 },
    },
  ],
  reference: ({ x }, { axis, begin, length, step = 1, every = 1, mode, value = 0 }) => {
    if (every === 2) {
      return { y: Array.from({ length }, (_, l) => (l % 2 && l < 8 ? x.data[(l - 1) / 2] : 0)) };
    }
    const { shape } = x;
    const picked = mode
      ? reference.pad(
          shape,
          at(shape, axis, -begin, zeros(shape)),
          at(shape, axis, length + begin - shape[axis], zeros(shape)),
          mode,
        )
      : begin < 0
        ? reference.pad(shape, [1], [1], 'constant')
        : reference.slice(
            shape,
            at(shape, axis, begin, zeros(shape)),
            at(shape, axis, step, ones(shape)),
            at(shape, axis, length, shape),
          );
    return { y: reference.forward(x.data, picked, value) };
  },
  tolerance: exact,
});

const repeated = PADS.filter(({ mode }) => mode !== 'constant');
const paddingOf = ({ shape, axis, before, after, mode }: (typeof PADS)[number]) =>
  reference.pad(
    shape,
    at(shape, axis, before, zeros(shape)),
    at(shape, axis, after, zeros(shape)),
    mode,
  );

testKernel(copyAxisBackward, {
  cases: repeated.map((pad, i) => ({
    name: pad.name,
    inputs: { dy: tensor(paddingOf(pad).shape, i + 1) },
    attributes: {
      axis: pad.axis,
      begin: -pad.before,
      length: pad.shape[pad.axis] + pad.before + pad.after,
      mode: pad.mode,
      shape: pad.shape,
    },
  })),
  reference: ({ dy }, { shape, axis, begin, length, mode = 'edge' }) => {
    const pad = {
      shape: [...shape],
      axis,
      before: -begin,
      after: length + begin - shape[axis],
      mode,
    };
    const picked = paddingOf({ ...pad, name: '' });
    return { dx: reference.backward(dy.data, picked, size(shape)) };
  },
  tolerance: { absolute: 3e-6, relative: 0 },
});

testGradient('pad', {
  cases: PADS.map((pad, i) => ({
    name: pad.name,
    inputs: { x: tensor(pad.shape, i + 1) },
    attributes: pad,
  })),
  forward: ({ x }, pad) => reference.forward(x.data, paddingOf(pad)),
  backward: ({ x }, dy, pad) => ({ x: reference.backward(dy, paddingOf(pad), x.data.length) }),
});

const ORDERS: [number[], number[]][] = [
  [[1], [0]],
  [
    [3, 4],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 3, 4],
    [0, 1, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 2, 3, 1],
  ],
  [
    [2, 3, 4, 5],
    [3, 2, 1, 0],
  ],
  [
    [2, 2, 3, 2, 3],
    [4, 2, 0, 3, 1],
  ],
  [
    [1, 5, 1, 4],
    [3, 2, 1, 0],
  ],
  [
    [2, 3, 1, 2, 2, 2],
    [5, 4, 2, 3, 0, 1],
  ],
  [
    [70, 3],
    [1, 0],
  ],
];

testKernel(copyStrided, {
  cases: ORDERS.map(([shape, axes], i) => ({
    name: `[${shape}] as ${axes}`,
    inputs: { x: tensor(shape, i + 1) },
    attributes: {
      shape: axes.map((axis) => shape[axis]),
      strides: axes.map((axis) => stridesOf(shape)[axis]),
      axes,
    },
  })),
  reference: ({ x }, attributes) => {
    const { axes } = attributes as StridedAttributes & { axes: number[] };
    return { y: reference.forward(x.data, reference.transpose(x.shape, axes)) };
  },
  tolerance: exact,
});

const PLACES: [number[], number, number, number][] = [
  [[1], 0, 0, 1],
  [[3], 0, 0, 5],
  [[3], 0, 2, 5],
  [[2, 3], 0, 1, 4],
  [[2, 3], 1, 2, 6],
  [[2, 1, 4], 1, 4, 5],
  [[3, 2, 2, 2], 1, 1, 3],
  [[5, 40], 1, 20, 70],
  [[2, 0], 1, 1, 3],
  [[1, 65], 0, 1, 2],
];

testKernel(copyPlace, {
  cases: PLACES.map(([shape, axis, begin, length], i) => ({
    name: `[${shape}] from ${begin} of ${length} along ${axis}`,
    inputs: {
      x: tensor(shape, i + 1),
      y: tensor(at(shape, axis, length, shape), i + 20),
    },
    attributes: { axis, begin, length },
  })) as never,
  reference: (inputs, { axis, begin, length }) => {
    const { x, y } = inputs as unknown as Record<'x' | 'y', ReturnType<typeof tensor>>;
    const whole = at(x.shape, axis, length, x.shape);
    const picked = reference.slice(
      whole,
      at(whole, axis, begin, zeros(whole)),
      ones(whole),
      x.shape,
    );
    const result = Float64Array.from(y.data);
    picked.from.forEach((place, i) => (result[place] = x.data[i]));
    return { y: result };
  },
  tolerance: exact,
});

testKernel(fill, {
  cases: [[1], [7], [2, 3], [64], [65], [1, 1, 1], [130], [3, 50], [2, 2, 2, 2], [0]].map(
    (shape, i) => ({
      name: `[${shape}]`,
      inputs: {},
      attributes: { shape, value: i - 2.5 },
    }),
  ),
  reference: (_, { shape, value }) => ({ y: new Float64Array(size(shape)).fill(value) }),
  tolerance: exact,
});

testKernel(copyLayout, {
  cases: (
    [
      ['one pixel gets a border', [1, 1], undefined, bordered(1)],
      ['dense to a border of 2', [2, 3, 5, 7], undefined, bordered(7)],
      ['a border taken away', [2, 3, 5, 7], bordered(7), undefined],
      ['a border of 2 to one of 1', [1, 2, 4, 6], bordered(6), bordered(6, 1)],
      ['longer rows', [3, 4, 5], undefined, { border: 0, rowStride: 8 }],
      ['as it is', [2, 3, 4], undefined, undefined],
    ] as const
  ).map(([name, shape, from, layout], i) => ({
    name,
    inputs: { x: tensor(shape, i + 1, { layout: from }) },
    attributes: { layout },
  })),
  reference: ({ x }) => ({ y: Float64Array.from(x.data) }),
  tolerance: exact,
});
