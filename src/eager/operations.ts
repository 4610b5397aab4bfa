/** Every operation as a function of arrays or tensors (docs/eager.md): a line each. */
import * as convolutions from '../tape/operations/conv2d';
import { dense } from '../tape/operations/dense';
import * as logSoftmaxes from '../tape/operations/log_softmax';
import * as relus from '../tape/operations/relu';
import * as softmaxes from '../tape/operations/softmax';
import { eager } from './eager';

const convolution = { x: 'f32', weight: 'f32', bias: 'f32?' } as const;
export const conv2d = /* @__PURE__ */ eager(convolutions.conv2d, convolution);
export const convTranspose2d = /* @__PURE__ */ eager(convolutions.convTranspose2d, convolution);
export const linear = /* @__PURE__ */ eager(dense, { x: 'f32', weight: 'f32', bias: 'f32?' });
export const logSoftmax = /* @__PURE__ */ eager(logSoftmaxes.logSoftmax, { x: 'f32' });
export const relu = /* @__PURE__ */ eager(relus.relu, { x: 'f32' });
export const softmax = /* @__PURE__ */ eager(softmaxes.softmax, { x: 'f32' });
