import { accumulate, add } from '../../src/kernels/add';
import { add as reference } from '../../src/kernels/reference/add';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function sum(count: number): Dispatch {
  const [a, b] = [tensor([count], 1), tensor([count], 2)];
  const expected = { y: reference(a.data, b.data) };
  const made = dispatchOf(add, `${count} numbers`, { a, b }, undefined, expected);
  return inWorkgroupsOf(4, count, made);
}

function inPlace(count: number): Dispatch {
  const [x, y] = [tensor([count], 3), tensor([count], 4)];
  const expected = { y: reference(x.data, y.data) };
  const made = dispatchOf(accumulate, `${count} numbers`, { x, y }, undefined, expected);
  return inWorkgroupsOf(4, count, made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'operand',
      title: 'Find the fault: a new tensor',
      task: 'Two gradients arrive. One counts twice, the other not at all.',
      shader: add.shader,
      faults: [['a[i] + b[i]', 'a[i] + a[i]']],
      fails: ['value'],
      shown: sum(10),
      hidden: [sum(1), sum(70)],
      hints: ['Point at a number of b: who reads it?'],
    },
    {
      id: 'place',
      title: 'Find the fault: in place',
      task: 'A parameter is used twice, so its gradient arrives in two parts. The second part wipes out the first.',
      shader: accumulate.shader,
      faults: [['  y[i] = y[i] + x[i];', '  y[i] = x[i];']],
      fails: ['value'],
      shown: inPlace(10),
      hidden: [inPlace(1), inPlace(70)],
      hints: ['y is input and output at once.'],
    },
  ],
};
export default lesson;
