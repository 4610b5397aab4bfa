/** Every operation as a function of arrays or tensors (docs/eager.md): a line each. */
import * as convolutions from '../tape/operations/conv2d';
import * as copies from '../tape/operations/copy';
import { cumsum as cumulative } from '../tape/operations/cumsum';
import * as linears from '../tape/operations/dense';
import * as elementwise from '../tape/operations/elementwise';
import * as products from '../tape/operations/gemm';
import * as responses from '../tape/operations/local_response_norm';
import * as logSoftmaxes from '../tape/operations/log_softmax';
import * as normalization from '../tape/operations/normalization';
import * as pools from '../tape/operations/pool2d';
import * as reductions from '../tape/operations/reduce';
import * as relus from '../tape/operations/relu';
import * as reshapes from '../tape/operations/reshape';
import * as softmaxes from '../tape/operations/softmax';
import { eager } from './eager';

const x = { x: 'f32' } as const;
const ab = { a: 'f32', b: 'f32' } as const;

const convolution = { x: 'f32', weight: 'f32', bias: 'f32?' } as const;
export const conv2d = /* @__PURE__ */ eager(convolutions.conv2d, convolution);
export const convTranspose2d = /* @__PURE__ */ eager(convolutions.convTranspose2d, convolution);
export const linear = /* @__PURE__ */ eager(linears.linear, {
  x: 'f32',
  weight: 'f32',
  bias: 'f32?',
});
export const gemm = /* @__PURE__ */ eager(products.gemm, { a: 'f32', b: 'f32', c: 'f32?' });
export const matmul = /* @__PURE__ */ eager(products.matmul, ab);

export const avgPool2d = /* @__PURE__ */ eager(pools.avgPool2d, x);
export const globalAvgPool = /* @__PURE__ */ eager(pools.globalAvgPool, x);
export const globalMaxPool = /* @__PURE__ */ eager(pools.globalMaxPool, x);
export const lpPool2d = /* @__PURE__ */ eager(pools.lpPool2d, x);
export const maxPool2d = /* @__PURE__ */ eager(pools.maxPool2d, x);

export const batchNorm = /* @__PURE__ */ eager(normalization.batchNorm, {
  x: 'f32',
  weight: 'f32?',
  bias: 'f32?',
  running_mean: 'f32?',
  running_var: 'f32?',
});
export const localResponseNorm = /* @__PURE__ */ eager(responses.localResponseNorm, x);
export const logSoftmax = /* @__PURE__ */ eager(logSoftmaxes.logSoftmax, x);
export const cumsum = /* @__PURE__ */ eager(cumulative, x);
export const softmax = /* @__PURE__ */ eager(softmaxes.softmax, x);

export const abs = /* @__PURE__ */ eager(elementwise.abs, x);
export const affine = /* @__PURE__ */ eager(elementwise.affine, x);
export const ceil = /* @__PURE__ */ eager(elementwise.ceil, x);
export const celu = /* @__PURE__ */ eager(elementwise.celu, x);
export const clip = /* @__PURE__ */ eager(elementwise.clip, x);
export const cos = /* @__PURE__ */ eager(elementwise.cos, x);
export const elu = /* @__PURE__ */ eager(elementwise.elu, x);
export const erf = /* @__PURE__ */ eager(elementwise.erf, x);
export const exp = /* @__PURE__ */ eager(elementwise.exp, x);
export const floor = /* @__PURE__ */ eager(elementwise.floor, x);
export const gelu = /* @__PURE__ */ eager(elementwise.gelu, x);
export const hardSigmoid = /* @__PURE__ */ eager(elementwise.hardSigmoid, x);
export const hardSwish = /* @__PURE__ */ eager(elementwise.hardSwish, x);
export const leakyRelu = /* @__PURE__ */ eager(elementwise.leakyRelu, x);
export const log = /* @__PURE__ */ eager(elementwise.log, x);
export const neg = /* @__PURE__ */ eager(elementwise.neg, x);
export const reciprocal = /* @__PURE__ */ eager(elementwise.reciprocal, x);
export const relu = /* @__PURE__ */ eager(relus.relu, x);
export const sigmoid = /* @__PURE__ */ eager(elementwise.sigmoid, x);
export const sign = /* @__PURE__ */ eager(elementwise.sign, x);
export const silu = /* @__PURE__ */ eager(elementwise.silu, x);
export const sin = /* @__PURE__ */ eager(elementwise.sin, x);
export const softplus = /* @__PURE__ */ eager(elementwise.softplus, x);
export const softsign = /* @__PURE__ */ eager(elementwise.softsign, x);
export const sqrt = /* @__PURE__ */ eager(elementwise.sqrt, x);
export const square = /* @__PURE__ */ eager(elementwise.square, x);
export const tan = /* @__PURE__ */ eager(elementwise.tan, x);
export const tanh = /* @__PURE__ */ eager(elementwise.tanh, x);

export const add = /* @__PURE__ */ eager(elementwise.add, ab);
export const div = /* @__PURE__ */ eager(elementwise.div, ab);
export const maximum = /* @__PURE__ */ eager(elementwise.maximum, ab);
export const minimum = /* @__PURE__ */ eager(elementwise.minimum, ab);
export const mul = /* @__PURE__ */ eager(elementwise.mul, ab);
export const pow = /* @__PURE__ */ eager(elementwise.pow, ab);
export const prelu = /* @__PURE__ */ eager(elementwise.prelu, { x: 'f32', slope: 'f32' });
export const sub = /* @__PURE__ */ eager(elementwise.sub, ab);

export const argmax = /* @__PURE__ */ eager(reductions.argmax, x);
export const argmin = /* @__PURE__ */ eager(reductions.argmin, x);
export const l1Norm = /* @__PURE__ */ eager(reductions.l1Norm, x);
export const l2Norm = /* @__PURE__ */ eager(reductions.l2Norm, x);
export const logSum = /* @__PURE__ */ eager(reductions.logSum, x);
export const logSumExp = /* @__PURE__ */ eager(reductions.logSumExp, x);
export const max = /* @__PURE__ */ eager(reductions.max, x);
export const mean = /* @__PURE__ */ eager(reductions.mean, x);
export const min = /* @__PURE__ */ eager(reductions.min, x);
export const prod = /* @__PURE__ */ eager(reductions.prod, x);
export const sum = /* @__PURE__ */ eager(reductions.sum, x);
export const sumSquare = /* @__PURE__ */ eager(reductions.sumSquare, x);

export const concat = /* @__PURE__ */ eager(copies.concat, 'any');
export const expand = /* @__PURE__ */ eager(copies.expand, { x: 'any' });
export const pad = /* @__PURE__ */ eager(copies.pad, { x: 'any' });
export const reshape = /* @__PURE__ */ eager(reshapes.reshape, { x: 'any' });
export const slice = /* @__PURE__ */ eager(copies.slice, { x: 'any' });
export const transpose = /* @__PURE__ */ eager(copies.transpose, { x: 'any' });
