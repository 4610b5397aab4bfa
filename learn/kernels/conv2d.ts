import { conv2dBackwardInput, conv2dForward } from '../../src/kernels/conv2d';
import {
  conv2dBackwardInput as backwardReference,
  conv2dForward as reference,
} from '../../src/kernels/reference/conv2d';
import { windowOf, windowsIn, type WindowAttributes } from '../../src/kernels/window';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

interface Case extends WindowAttributes {
  /** [N, C, H, W]. */
  x: readonly [number, number, number, number];
  /** [O, C / groups, kh, kw]. */
  weight: readonly [number, number, number, number];
  groups?: number;
}

function given({ x, weight, groups = 1, ...attributes }: Case) {
  const kernel = [weight[2], weight[3]] as const;
  const window = windowOf('conv2d', kernel, x.slice(2), attributes);
  const y = [x[0], weight[0], ...windowsIn('conv2d', x.slice(2), window)];
  const { stride = 1, padding = 0, dilation = 1 } = attributes;
  const name = `[${x}] by [${weight}], stride ${stride}, padding ${padding}, dilation ${dilation}, groups ${groups}`;
  return { y, conv: { window, groups }, name };
}

function forward(which: Case): Dispatch {
  const { y: shape, conv, name } = given(which);
  const [x, weight] = [tensor(which.x, 1), tensor(which.weight, 2)];
  const bias = tensor([shape[1]], 3);
  const y = reference(x.data, which.x, weight.data, bias.data, shape, conv);
  const attributes = { ...conv, hasBias: true, shape };
  const made = dispatchOf(conv2dForward, name, { x, weight, bias }, attributes, { y });
  const channels = Math.ceil(shape[1] / conv.groups / 4) * conv.groups;
  return inWorkgroupsOf(8, shape[0] * channels * shape[2] * shape[3], made);
}

function backward(which: Case): Dispatch {
  const { y, conv, name } = given(which);
  const [dy, weight] = [tensor(y, 4), tensor(which.weight, 5)];
  const [N, C, H, W] = which.x;
  const bias = tensor([1], [0]);
  const dx = backwardReference(dy.data, y, weight.data, undefined, which.x, conv);
  const attributes = { ...conv, shape: which.x };
  const made = dispatchOf(conv2dBackwardInput, name, { dy, weight, bias }, attributes, { dx });
  return inWorkgroupsOf(8, N * Math.ceil(C / conv.groups / 4) * conv.groups * H * W, made);
}

const tolerance = { absolute: 1e-4, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Write the sum',
      task: 'Over the channels of the group and the taps of the window, with stride and dilation; what lies outside of the picture is left out. Four channels of y at once.',
      shader: conv2dForward.shader,
      faults: [
        [
          `  for (var c = 0u; c < params.channels; c++) {
    for (var i = 0u; i < params.kernel_y; i++) {
      let iy = y0 + i32(i * params.dilation_y);
      if (iy < 0 || iy >= i32(params.height)) {
        continue;
      }
      let row = ((first + c) * params.height + u32(iy)) * params.width;
      let tap = (c * params.kernel_y + i) * params.kernel_x;
      for (var j = 0u; j < params.kernel_x; j++) {
        let ix = x0 + i32(j * params.dilation_x);
        if (ix < 0 || ix >= i32(params.width)) {
          continue;
        }
        let t = tap + j;
        let w = vec4<f32>(weight[w0 + t], weight[w1 + t], weight[w2 + t], weight[w3 + t]);
        sums += x[row + u32(ix)] * w;
      }
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: forward({ x: [1, 1, 4, 5], weight: [2, 1, 3, 3], padding: 1 }),
      hidden: [
        forward({ x: [2, 4, 5, 5], weight: [6, 2, 2, 3], stride: 2, groups: 2 }),
        forward({ x: [1, 3, 7, 6], weight: [1, 3, 3, 3], padding: 2, dilation: 2 }),
      ],
      hints: [
        'Three loops: c, then i with its row iy = y0 + i32(i * params.dilation_y), then j with its column.',
        'The channel is first + c; the weight of channel o is weight[w0 + t], t = (c * params.kernel_y + i) * params.kernel_x + j; w1, w2 and w3 are the next channels’.',
      ],
    },
    {
      id: 'stride',
      title: 'Find the fault: the gradient',
      task: 'With stride 1 it is right.',
      shader: conv2dBackwardInput.shader,
      faults: [['place < 0 || place % i32(stride) != 0 || ', 'place < 0 || ']],
      fails: ['value'],
      tolerance,
      shown: backward({ x: [1, 1, 4, 4], weight: [1, 1, 3, 3], padding: 1 }),
      hidden: [
        backward({ x: [2, 3, 5, 6], weight: [2, 3, 3, 2], stride: 2, padding: 1 }),
        backward({ x: [1, 4, 6, 5], weight: [4, 2, 2, 2], stride: 3, groups: 2 }),
      ],
      hints: [
        'With stride 2 a tap meets every other pixel. Which of the pixels did it never meet?',
      ],
    },
  ],
};
export default lesson;
