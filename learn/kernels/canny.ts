import { cannyEdges, cannyGradient } from '../../src/kernels/canny';
import {
  cannyEdges as edgesReference,
  cannyGradient as gradientReference,
} from '../../src/kernels/reference/canny';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [images: number, height: number, width: number];

/** Discs, so that there are edges in every direction. */
function pictures([images, height, width]: Shape): number[] {
  return Array.from({ length: images * height * width }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height];
    const inside = (x - width / 2) ** 2 + (y - height / 3) ** 2 < (width * height) / 9;
    return (inside ? 170 : 40) + ((i * i * 5) % 23);
  });
}

function gradient(shape: Shape): Dispatch {
  const x = tensor(shape, pictures(shape));
  const expected = { gradient: gradientReference({ shape, data: x.data }) };
  const made = dispatchOf(cannyGradient, `[${shape}]`, { x }, undefined, expected);
  return inWorkgroupsOf(4, shape[0] * shape[2] * Math.ceil(shape[1] / 16), made);
}

function edges(shape: Shape, highPercentile: number): Dispatch {
  const data = gradientReference({ shape, data: pictures(shape) });
  const attributes = { highPercentile, lowRatio: 0.4 };
  const expected = { edges: edgesReference({ shape, data }, attributes) };
  const inputs = { gradient: tensor(shape, data, 'u32') };
  const name = `[${shape}], percentile ${highPercentile}`;
  return dispatchOf(cannyEdges, name, inputs, attributes, expected);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Seven pixels of a row',
      task: 'p0 to p6 are there. Weigh them: s6 by 1, 6, 15, 20, 15, 6, 1, and d6 by -1, -4, -5, 0, 5, 4, 1.',
      shader: cannyGradient.shader,
      faults: [
        [
          `    let s6 = p0 + p6 + 6 * (p1 + p5) + 15 * (p2 + p4) + 20 * p3;
    let d6 = p6 - p0 + 4 * (p5 - p1) + 5 * (p4 - p2);
`,
          '    let s6 = 0; // Yours: smoothed,\n    let d6 = 0; // and differentiated.\n',
        ],
      ],
      fails: ['value'],
      shown: gradient([1, 5, 6]),
      hidden: [gradient([2, 18, 5]), gradient([1, 1, 1])],
      hints: ['Pixels at the same distance have the same weight, or the opposite one.'],
    },
    {
      id: 'high',
      title: 'One thread finds it',
      task: 'The threshold is found by the one thread whose bins hold it. All others go on without it.',
      shader: cannyEdges.shader,
      faults: [
        [
          '    high = max(lower_end(bin), 1u);\n  }\n  workgroupBarrier();',
          '    high = max(lower_end(bin), 1u);\n  }',
        ],
      ],
      fails: ['race'],
      shown: edges([1, 7, 8], 0.8),
      hidden: [edges([2, 9, 13], 0.7), edges([1, 5, 34], 0.9)],
      hints: ['`high` is workgroup memory: one writes, all read.'],
    },
  ],
};
export default lesson;
