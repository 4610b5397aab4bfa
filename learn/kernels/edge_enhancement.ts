import {
  edgeEnhancementForward,
  type EnhancementAttributes,
} from '../../src/kernels/edge_enhancement';
import { edgeEnhancementForward as reference } from '../../src/kernels/reference/edge_enhancement';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [images: number, height: number, width: number];

function enhanced(shape: Shape, settings: Partial<EnhancementAttributes> = {}): Dispatch {
  const attributes: EnhancementAttributes = {
    mode: 'sharpen',
    chamfer: '3-4',
    radius: 3,
    lambda: 1,
    sigma: 0.7,
    ...settings,
  };
  const count = shape.reduce((a, b) => a * b);
  const x = tensor(
    shape,
    Array.from({ length: count }, (_, i) => 80 + ((i * i * 7) % 90)),
  );
  const edges = tensor(
    shape,
    Array.from({ length: count }, (_, i) => Number(i % 13 === 5)),
    'u32',
  );
  const y = reference({ shape, data: x.data }, { shape, data: edges.data }, attributes);
  const { mode, chamfer, radius } = attributes;
  const name = `[${shape}], ${mode}, mask ${chamfer}, radius ${radius}`;
  return dispatchOf(edgeEnhancementForward, name, { x, edges }, attributes, { y });
}

const given = {
  shader: edgeEnhancementForward.shader,
  tolerance: { absolute: 1.001, relative: 0 }, // a half may round the other way
  shown: enhanced([1, 5, 6], { mode: 'map' }),
  hidden: [
    enhanced([1, 7, 9]),
    enhanced([2, 4, 18], { mode: 'map', chamfer: '5-7-11' }),
    enhanced([1, 66, 3]),
  ],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'barrier',
      title: 'Two passes',
      task: 'The first pass goes along the rows, the second along the columns, over what the first has left. They are not kept apart.',
      faults: [
        [
          '      nearest[4 * i + k] = aside[k];\n    }\n  }\n  workgroupBarrier();',
          '      nearest[4 * i + k] = aside[k];\n    }\n  }',
        ],
      ],
      fails: ['race', 'value'],
      hints: [
        'Both passes share `sums` and `nearest`, and a thread reads in the second what others wrote in the first.',
      ],
    },
    {
      ...given,
      id: 'write',
      title: 'Along the column',
      task: 'Four pixels of a column at once. Go up and down from them, step by step: with the nearest edge aside in those rows, both distances may become less. The vectors above and below hold what the four pixels have at that distance. Eleven lines, three of which only stop early.',
      faults: [
        [
          `    for (var d = 1; d <= reach; d++) {
      let down = u32(d);
      if (all(vec4(down * down) >= euclid) && all(vec4(params.side * down) >= cost)) {
        break;
      }
      above = vec4(nearest[centre - d * TILE], above.xyz);
      below = vec4(below.yzw, nearest[centre + (3 + d) * TILE]);
      let aside = min(above, below);
      euclid = min(euclid, aside * aside + down * down);
      cost = min(cost, chamfer(aside, vec4(down)));
    }
`,
          '    // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'One step further, three of the four above are those of the step before: above = vec4(new, above.xyz). The new one is at centre - d * TILE of `nearest`.',
        'Below it is the other way round: below = vec4(below.yzw, new), at centre + (3 + d) * TILE, as the last of the four pixels is three rows down.',
        '`euclid` is the square of the distance: aside * aside + down * down. `cost` is chamfer(aside, vec4(down)).',
      ],
    },
  ],
};
export default lesson;
