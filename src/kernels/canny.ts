import edgesShader from '../../shaders/canny/edges.wgsl';
import gradientShader from '../../shaders/canny/gradient.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, linear, u32, type Gathered, type TensorSpec } from './kernel';

const ROWS = 16;

/** Squared gradient and direction of every pixel of x [N, H, W]: u32, see the shader. */
export const cannyGradient = defineKernel({
  name: 'canny.gradient',
  shader: gradientShader,
  outputs({ x }: Record<'x', TensorSpec>) {
    if (x.shape.length !== 3 || x.layout) {
      throw new FacegradError('bad-input', `canny takes dense [N, H, W], not [${x.shape}]`);
    }
    return { gradient: u32(x.shape) };
  },
  constants: () => ({ ROWS }),
  params: ({ x }) => ({ images: x.shape[0], height: x.shape[1], width: x.shape[2] }),
  workgroups: ({ x }) => linear(x.shape[0] * x.shape[2] * Math.ceil(x.shape[1] / ROWS), 64),
});

export interface CannyThresholds {
  /** Share of the pixels with a gradient at or below the high threshold, 0 < p <= 1. */
  highPercentile: number;
  /** Low threshold as a share of the high one. */
  lowRatio: number;
}

/** Words of a bit map that workgroup memory has room for: of 192x192. */
const MOST_WORDS = 1152;

function bitMapWords({ shape }: TensorSpec): number {
  return shape[1] * Math.ceil(shape[2] / 32);
}

/** Edge map (0 or 1) from the gradients: percentile, non-maximum suppression, hysteresis. */
export const cannyEdges = defineKernel({
  name: 'canny.edges',
  shader: edgesShader,
  outputs(
    { gradient }: Record<'gradient', TensorSpec>,
    { highPercentile, lowRatio }: CannyThresholds & Gathered,
  ) {
    if (bitMapWords(gradient) > MOST_WORDS) {
      const [, height, width] = gradient.shape;
      throw new FacegradError('limit', `canny takes images up to 192x192, not ${width}x${height}`);
    }
    if (!(highPercentile > 0 && highPercentile <= 1 && lowRatio >= 0 && lowRatio <= 1)) {
      throw new FacegradError(
        'bad-input',
        `canny needs 0 < highPercentile <= 1 and 0 <= lowRatio <= 1; got ${highPercentile}, ${lowRatio}`,
      );
    }
    return { edges: u32(gradient.shape) };
  },
  overrides: ({ gradient }, { threads = 64 }) => ({
    WORKGROUP_SIZE: threads,
    WORDS: bitMapWords(gradient),
  }),
  params: ({ gradient }, { highPercentile, lowRatio }) => ({
    height: gradient.shape[1],
    width: gradient.shape[2],
    rank: Math.max(1, Math.ceil(highPercentile * gradient.shape[1] * gradient.shape[2])),
    low_ratio: Math.round(lowRatio ** 2 * 65536),
  }),
  workgroups: ({ gradient }) => [gradient.shape[0], 1, 1],
});
