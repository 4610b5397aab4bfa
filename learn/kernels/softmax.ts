import { softmaxBackward, softmaxForward } from '../../src/kernels/softmax';
import type { Lesson } from '../exercise';
import { columns, softmax } from '../path/03-a-row-a-thread';
import { softmax as backward } from '../path/06-gradients-by-hand';

const tolerance = { absolute: 1e-6, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Write the forward pass',
      task: 'The largest score is found. Add the two loops that are missing: the sum of the exponentials, and the shares.',
      shader: softmaxForward.shader,
      faults: [
        [
          `  var total = nan;
  for (var i = begin; i < end; i += params.inner) {
    total += exp(x[i] - largest);
  }
  for (var i = begin; i < end; i += params.inner) {
    y[i] = exp(x[i] - largest) / total;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: softmax(6, 4),
      hidden: [softmax(2, 7), softmax(3, 5, 100), columns(4, 3)],
      hints: ['From one element of the row to the next it is params.inner places.'],
    },
    {
      id: 'last',
      title: 'Find the fault: backward',
      task: 'The sum leaves out one element of each row. Which one?',
      shader: softmaxBackward.shader,
      faults: [
        [
          `  var sum = 0.0;
  for (var i = begin; i < end; i += params.inner) {`,
          `  var sum = 0.0;
  for (var i = begin + params.inner; i < end; i += params.inner) {`,
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: backward(5, 4),
      hidden: [backward(1, 7), backward(9, 3)],
      hints: ['Step one thread through its loop and watch i.'],
    },
  ],
};
export default lesson;
