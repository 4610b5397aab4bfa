import { logSoftmaxBackward, logSoftmaxForward } from '../../src/kernels/log_softmax';
import {
  logSoftmaxBackward as backwardReference,
  logSoftmaxForward as reference,
} from '../../src/kernels/reference/log_softmax';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function forward(rows: number, classes: number, times = 1): Dispatch {
  const x = tensor(
    [rows, classes],
    numbers(rows * classes, rows).map((v) => v * times),
  );
  const name = `${rows} rows of ${classes}${times > 1 ? `, up to ${2 * times}` : ''}`;
  const y = reference(x.data, classes);
  return inWorkgroupsOf(4, rows, dispatchOf(logSoftmaxForward, name, { x }, undefined, { y }));
}

function backward(rows: number, classes: number): Dispatch {
  const y = tensor([rows, classes], reference(numbers(rows * classes, 5), classes));
  const dy = tensor([rows, classes], 6);
  const dx = backwardReference(y.data, dy.data, classes);
  const name = `${rows} rows of ${classes}`;
  const made = dispatchOf(logSoftmaxBackward, name, { y, dy }, undefined, { dx });
  return inWorkgroupsOf(4, rows, made);
}

const tolerance = { absolute: 1e-5, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'lost',
      title: 'The logarithm of nothing',
      task: 'Softmax, then its logarithm: that is what the name says. Where the scores lie far apart, it is infinite.',
      shader: logSoftmaxForward.shader,
      faults: [['y[i] = x[i] - largest - log_total;', 'y[i] = log(exp(x[i] - largest) / total);']],
      fails: ['value'],
      tolerance,
      shown: forward(6, 4),
      hidden: [forward(3, 5, 100), forward(1, 9)],
      hints: [
        'exp(-200) is 0 in a float, and log(0) is minus infinity.',
        'log(a / b) = log(a) - log(b), and log(exp(a)) = a.',
      ],
    },
    {
      id: 'write',
      title: 'Write the backward pass',
      task: 'dx = dy - exp(y) · (the sum of dy over the row). Two loops, about six lines; `exponential` is there.',
      shader: logSoftmaxBackward.shader,
      faults: [
        [
          `  for (var i = begin; i < end; i += params.inner) {
    sum += dy[i];
  }
  for (var i = begin; i < end; i += params.inner) {
    dx[i] = dy[i] - exponential(y[i]) * sum;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: backward(5, 4),
      hidden: [backward(1, 7), backward(9, 3)],
      hints: ['From one element of the row to the next it is params.inner places.'],
    },
  ],
};
export default lesson;
