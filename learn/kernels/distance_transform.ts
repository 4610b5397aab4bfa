import {
  distanceTransformChamfer,
  distanceTransformColumns,
  type ChamferMask,
} from '../../src/kernels/distance_transform';
import {
  chamferDistance,
  distanceTransformColumns as columnsReference,
} from '../../src/kernels/reference/distance_transform';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [images: number, height: number, width: number];

/** An edge pixel in `every`, spread; the last column has none. */
function edgesOf(shape: Shape, every: number) {
  const count = shape.reduce((a, b) => a * b);
  const data = Array.from({ length: count }, (_, i) =>
    Number((i * 7 + 3) % every === 0 && i % shape[2] !== shape[2] - 1),
  );
  return { shape, data };
}

function columns(shape: Shape, every: number): Dispatch {
  const { data } = edgesOf(shape, every);
  const edges = tensor(shape, data, 'u32');
  const vertical = columnsReference({ shape, data });
  const name = `[${shape}], an edge in ${every}`;
  const made = dispatchOf(distanceTransformColumns, name, { edges }, undefined, { vertical });
  return inWorkgroupsOf(4, shape[0] * shape[2], made);
}

function chamfer(shape: Shape, every: number, mask: ChamferMask): Dispatch {
  const edges = edgesOf(shape, every);
  const vertical = tensor(shape, columnsReference(edges), 'u32');
  const distance = chamferDistance(edges, mask);
  const name = `[${shape}], an edge in ${every}, mask ${mask}`;
  const made = dispatchOf(distanceTransformChamfer, name, { vertical }, { mask }, { distance });
  return inWorkgroupsOf(8, distance.length, made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'up',
      title: 'And back up',
      task: 'The sweep down the column knows the edges above. The sweep up is missing: five lines.',
      shader: distanceTransformColumns.shader,
      faults: [
        [
          `  for (var y = params.height; y > 0u; y--) {
    let at = first + (y - 1u) * params.width;
    distance = min(distance + 1u, vertical[at]);
    vertical[at] = distance;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      shown: columns([1, 5, 4], 6),
      hidden: [columns([2, 7, 5], 9), columns([1, 1, 3], 2), columns([3, 4, 1], 5)],
      hints: [
        'An unsigned number is never below 0: count y from params.height down to 1, and use y - 1.',
        'On the way up: one more than the pixel below, or what the first sweep has left, whichever is less.',
      ],
    },
    {
      id: 'aside',
      title: 'Find the fault: chamfer',
      task: 'From each pixel the search goes out to both sides. One column is never looked at.',
      shader: distanceTransformChamfer.shader,
      faults: [['    if (d <= x) {', '    if (d < x) {']],
      fails: ['value'],
      tolerance: { absolute: 1e-5, relative: 1e-5 },
      shown: chamfer([1, 3, 5], 10, '3-4'),
      hidden: [chamfer([2, 6, 7], 11, '5-7-11'), chamfer([1, 4, 4], 40, '1-1')],
      hints: ['From column x, how many columns lie on its left?'],
    },
  ],
};
export default lesson;
