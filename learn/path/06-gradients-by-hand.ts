import { reluBackward as reluReference } from '../../src/kernels/reference/relu';
import {
  softmaxBackward as softmaxReference,
  softmaxForward,
} from '../../src/kernels/reference/softmax';
import { reluBackward } from '../../src/kernels/relu';
import { softmaxBackward } from '../../src/kernels/softmax';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

export function relu(count: number): Dispatch {
  const y = tensor(
    [count],
    numbers(count, 2).map((v) => Math.max(0, v)),
  );
  const dy = tensor([count], 3);
  const dx = reluReference(y.data, dy.data);
  const made = dispatchOf(reluBackward, `${count} numbers`, { y, dy }, undefined, { dx });
  return inWorkgroupsOf(4, count, made);
}

export function softmax(rows: number, classes: number): Dispatch {
  const y = tensor([rows, classes], softmaxForward(numbers(rows * classes, 5), classes));
  const dy = tensor([rows, classes], 6);
  const dx = softmaxReference(y.data, dy.data, classes);
  const name = `${rows} rows of ${classes}`;
  return inWorkgroupsOf(4, rows, dispatchOf(softmaxBackward, name, { y, dy }, undefined, { dx }));
}

const tolerance = { absolute: 1e-6, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'relu',
      title: 'The gradient of ReLU',
      shader: reluBackward.shader,
      faults: [['select(0.0, dy[i], y[i] > 0.0 || is_nan(y[i]))', 'dy[i]']],
      fails: ['value'],
      shown: relu(10),
      hidden: [relu(1), relu(27)],
      hints: [
        'Where y is 0, a small change of x changes nothing.',
        'select(0.0, dy[i], …) passes dy[i] where the condition holds.',
      ],
    },
    {
      id: 'lost',
      title: 'The lost term',
      shader: softmaxBackward.shader,
      faults: [['y[i] * (dy[i] - sum)', 'y[i] * dy[i]']],
      fails: ['value'],
      tolerance,
      shown: softmax(5, 4),
      hidden: [softmax(1, 7), softmax(9, 3)],
      hints: [
        'Raise one score, and all shares change: one goes up, the others go down.',
        'The first loop computes the sum that the formula takes off. Nobody uses it.',
      ],
    },
    {
      id: 'write',
      title: 'Write it',
      shader: softmaxBackward.shader,
      faults: [
        [
          `  var sum = 0.0;
  for (var i = begin; i < end; i += params.inner) {
    sum += y[i] * dy[i];
  }
  for (var i = begin; i < end; i += params.inner) {
    dx[i] = y[i] * (dy[i] - sum);
  }
`,
          '  // Yours: two loops.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: softmax(5, 4),
      hidden: [softmax(1, 7), softmax(9, 3)],
      hints: [
        'The sum is the same for the whole row: one loop for it, one for the results.',
        'for (var i = begin; i < end; i += params.inner) { … } walks along the row.',
      ],
    },
  ],
};
export default lesson;
