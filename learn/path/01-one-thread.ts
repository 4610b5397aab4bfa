import { reluForward as reference } from '../../src/kernels/reference/relu';
import { reluForward } from '../../src/kernels/relu';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import leaky from './leaky_relu.wgsl';

function relu(count: number, seed = count): Dispatch {
  const x = tensor([count], seed);
  return dispatchOf(reluForward, count === 1 ? '1 number' : `${count} numbers`, { x }, undefined, {
    y: reference(x.data),
  });
}

export const small = (count: number) => inWorkgroupsOf(4, count, relu(count));

function leakyRelu(count: number, slope: number): Dispatch {
  const x = tensor([count], count);
  return inWorkgroupsOf(4, count, {
    name: `${count} numbers, slope ${slope}`,
    tensors: { x, y: { shape: [count], dtype: 'f32' } },
    params: { length: count, slope },
    groups: [1, 1, 1],
    expected: { y: Array.from(x.data, (v) => (v > 0 ? v : slope * v)) },
  });
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'bound',
      title: 'The thread past the end',
      shader: reluForward.shader,
      faults: [['  if (i >= params.length) {\n    return;\n  }\n', '']],
      fails: ['bounds'],
      shown: small(10),
      hidden: [small(1), small(13), relu(64), relu(65)],
      timed: () => relu(1 << 22),
      hints: [
        'Ten numbers, and workgroups of four: how many threads run?',
        'A thread whose index is not below params.length has nothing to do. `return;` ends it.',
        'if (i >= params.length) { return; } before anything is read.',
      ],
    },
    {
      id: 'leaky',
      title: 'A leaky ReLU',
      shader: leaky,
      faults: [
        ['  y[i] = select(params.slope * value, value, value > 0.0);', '  y[i] = max(0.0, value);'],
      ],
      fails: ['value'],
      shown: leakyRelu(10, 0.125),
      hidden: [leakyRelu(7, 0.25), leakyRelu(21, 0)],
      hints: [
        '`select(a, b, condition)` is b where the condition holds, else a.',
        'Both values are floats: params.slope * value and value. The condition is value > 0.0.',
      ],
    },
    {
      id: 'fold',
      title: 'Two dimensions of workgroups',
      shader: reluForward.shader,
      faults: [['  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;', '  let i = id.x;']],
      fails: ['race', 'unwritten'],
      shown: { ...small(14), groups: [2, 2, 1] },
      hidden: [
        { ...small(23), groups: [2, 3, 1] },
        { ...small(9), groups: [1, 3, 1] },
      ],
      hints: [
        'In the picture threads 8 to 15, the second row of workgroups, touch what 0 to 7 touch.',
        'A whole row of workgroups holds groups.x * WORKGROUP_SIZE threads. id.y says how many rows lie before.',
      ],
    },
  ],
};
export default lesson;
