import { reduceForward } from '../../src/kernels/reduce';
import type { Lesson } from '../exercise';
import ladder from '../ladder/reduce';
import { shared } from '../path/04-threads-together';

const given = {
  shader: reduceForward.shader,
  tolerance: { absolute: 1e-4, relative: 1e-6 },
  shown: shared(2, 256),
  hidden: [shared(1, 300), shared(3, 1), shared(70, 3), shared(2, 1000)],
};

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      ...given,
      id: 'barrier',
      title: 'The barrier',
      task: 'Somebody has taken the barrier out. Check, step to the end of thread 0, and put it back.',
      faults: [['  parts[local.x] = value;\n  workgroupBarrier();', '  parts[local.x] = value;']],
      fails: ['race', 'value'],
      hints: ['After every lane has left its part, and before the first lane adds them up.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the last part',
      task: 'Every lane has left its part. The first lane adds them up with `combine`, and writes `finish` of the sum.',
      faults: [
        [
          `    var all = neutral;
    for (var l = 0u; l < WORKGROUP_SIZE; l++) {
      all = combine(all, parts[l]);
    }
    y[at] = finish(all);
`,
          '    // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      hints: ['Begin with `neutral`: 0 for a sum, 1 for a product.'],
    },
  ],
};
export default lesson;
