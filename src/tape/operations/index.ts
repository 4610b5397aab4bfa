/**
 * Operations for a tape, under the names that they have as functions (docs/eager.md):
 * `tape.apply(operations.sigmoid, { x }, attributes)`.
 */
export { batchNorm } from './normalization';
export { gruBidirectional, lstmBidirectional } from './bidirectional';
export { cdist } from './cdist';
export { cumsum } from './cumsum';
export { conv2d, convTranspose2d } from './conv2d';
export { concat, expand, pad, slice, transpose } from './copy';
export { crossEntropy, nllLoss } from './cross_entropy';
export { linear } from './dense';
export { chamferTransform, distanceTransform, nearestEdge } from './distance_transform';
export { dropout } from './dropout';
export {
  abs,
  add,
  affine,
  ceil,
  celu,
  clip,
  cos,
  div,
  elu,
  erf,
  exp,
  floor,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  prelu,
  reciprocal,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  softsign,
  sqrt,
  square,
  sub,
  tan,
  tanh,
} from './elementwise';
export { centerLoss, contrastiveLoss, tripletLoss } from './embedding_losses';
export { clahe, equalize, equalizeAdapthist } from './equalization';
export { focalLoss } from './focal_loss_term';
export { gather, segmentSum } from './gather';
export { gemm, matmul } from './gemm';
export { lstmCell } from './lstm';
export { localResponseNorm } from './local_response_norm';
export { logSoftmax } from './log_softmax';
export { normalize } from './normalize';
export { avgPool2d, globalAvgPool, globalMaxPool, lpPool2d, maxPool2d } from './pool2d';
export { gru, lstm } from './recurrent_steps';
export {
  argmax,
  argmin,
  l1Norm,
  l2Norm,
  logSum,
  logSumExp,
  max,
  mean,
  min,
  prod,
  sum,
  sumSquare,
} from './reduce';
export { relu } from './relu';
export { reshape } from './reshape';
export { softmax } from './softmax';
