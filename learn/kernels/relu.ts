import { reluBackward, reluForward } from '../../src/kernels/relu';
import type { Lesson } from '../exercise';
import { small } from '../path/01-one-thread';
import { relu } from '../path/06-gradients-by-hand';

const lesson: Lesson = {
  exercises: [
    {
      id: 'absolute',
      title: 'Find the fault: forward',
      task: 'One word of the last line is wrong. Choose a thread that reads a negative number.',
      shader: reluForward.shader,
      faults: [['max(0.0, value)', 'abs(value)']],
      fails: ['value'],
      shown: small(10),
      hidden: [small(3), small(25)],
      hints: ['What should become of -1?'],
    },
    {
      id: 'zero',
      title: 'Find the fault: backward',
      task: 'At zero ReLU has a corner and no slope. PyTorch takes 0 there, and so does this kernel. Not this version.',
      shader: reluBackward.shader,
      faults: [['y[i] > 0.0', 'y[i] >= 0.0']],
      fails: ['value'],
      shown: relu(10),
      hidden: [relu(1), relu(27)],
      hints: ['Half of all y are exactly 0.'],
    },
  ],
};
export default lesson;
