import { batchNormStatistics } from '../../src/kernels/batch_norm';
import type { Lesson } from '../exercise';
import { statistics } from '../path/10-batch-norm';

const given = {
  shader: batchNormStatistics.shader,
  tolerance: { absolute: 1e-5, relative: 1e-4 },
  shown: statistics([1, 2, 2, 3, 4]),
  hidden: [statistics([2, 3, 2, 5, 5], 0, 32), statistics([1, 1, 1, 1, 1])],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'networks',
      title: 'Find the fault',
      task: 'Two networks train side by side in one dispatch. The second one gets the wrong numbers.',
      faults: [['g * params.batch * sample + c', 'g * sample + c']],
      fails: ['value'],
      hints: ['A network has params.batch samples, and the next network’s begin after them.'],
    },
    {
      ...given,
      id: 'barrier',
      title: 'A barrier in the tree',
      task: 'One barrier is missing where the tree goes from one step to the next.',
      faults: [
        [
          '      counts[thread] = a + b;\n    }\n    workgroupBarrier();',
          '      counts[thread] = a + b;\n    }',
        ],
      ],
      fails: ['race', 'value'],
      hints: ['In the next step a thread reads what another one has just merged.'],
    },
  ],
};
export default lesson;
