import binsShader from '../../shaders/histogram_equalization/bins.wgsl';
import forwardShader from '../../shaders/histogram_equalization/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, type Gathered, type TensorSpec } from './kernel';

/** What weighs the grey levels: see shaders/histogram_equalization/forward.wgsl. */
export interface EqualizationWeights {
  /** Clips peaks of the histogram at v times the highest; 0 < v <= 1. */
  v: number;
  /** Exponent; below 1 it lifts rare grey levels. */
  r: number;
  /** Share of the pixels below which a grey level counts as empty. */
  pl: number;
  /** The lowest level that has weight becomes 0, as in OpenCV. */
  fromLowest?: boolean;
}

export type EqualizationPreset = 'paper' | 'wthe' | 'he' | 'opencv';

/**
 * `paper`: equation (3) as printed, its beta read as v. `wthe`: Wang and Ward's usual values.
 * `he`: plain equalization, as in textbooks and scikit-image. `opencv`: OpenCV's equalizeHist.
 */
export const EQUALIZATION_PRESETS: Record<EqualizationPreset, EqualizationWeights> = {
  paper: { v: 0.5, r: 1, pl: 1e-4 },
  wthe: { v: 0.5, r: 0.5, pl: 1e-4 },
  he: { v: 1, r: 1, pl: 0 },
  opencv: { v: 1, r: 1, pl: 0, fromLowest: true },
};

/** Pixels beyond which the integer sums of the shader would overflow. */
const MAX_PIXELS = 2 ** 23;

/** Equalizes every image of x [N, H, W] (whole numbers 0..255) by its own histogram. */
export const histogramEqualizationForward = defineKernel({
  name: 'histogram_equalization.forward',
  shader: forwardShader,
  outputs({ x }: Record<'x', TensorSpec>, { v, r, pl }: EqualizationWeights & Gathered) {
    const [, height, width] = x.shape;
    if (x.shape.length !== 3 || x.layout || height * width > MAX_PIXELS) {
      throw new FacegradError('bad-input', `equalization takes dense [N, H, W], not [${x.shape}]`);
    }
    if (!(v > 0 && v <= 1 && r > 0 && pl >= 0 && pl < 1)) {
      throw new FacegradError(
        'bad-input',
        `equalization needs 0 < v <= 1, r > 0, 0 <= pl < 1; got v ${v}, r ${r}, pl ${pl}`,
      );
    }
    return { y: x };
  },
  params({ x }, { v, r, pl }) {
    const pixels = x.shape[1] * x.shape[2];
    return {
      pixels,
      v,
      r,
      lower: pl * pixels,
      scale: 2 ** Math.floor(Math.log2(MAX_PIXELS / pixels)),
    };
  },
  overrides: (_, { fromLowest = false, threads = 64 }) => ({
    FROM_LOWEST: Number(fromLowest),
    WORKGROUP_SIZE: threads,
  }),
  workgroups: ({ x }) => [x.shape[0], 1, 1],
});

/** The arrays of the shader have so many bins. */
const MOST_BINS = 1024;

export interface BinsAttributes {
  /** Equal bins between the least and the greatest value, 2 to 1024. */
  bins: number;
  /** Whether only the pixels are counted where `mask` is not 0; where not, it may be any buffer. */
  hasMask: boolean;
}

/** Equalizes every image of x [N, H, W], of any values, to 0..1, as scikit-image's equalize_hist; mask u32 [N, H, W]. */
export const histogramEqualizationBins = defineKernel({
  name: 'histogram_equalization.bins',
  shader: binsShader,
  outputs({ x, mask }: Record<'x' | 'mask', TensorSpec>, { bins, hasMask }: BinsAttributes) {
    if (x.shape.length !== 3 || x.layout) {
      throw new FacegradError('bad-input', `equalization takes dense [N, H, W], not [${x.shape}]`);
    }
    if (hasMask && mask.shape.join() !== x.shape.join()) {
      throw new FacegradError(
        'bad-input',
        `equalization: mask [${mask.shape}] is not of the shape of x [${x.shape}]`,
      );
    }
    if (!Number.isInteger(bins) || bins < 2 || bins > MOST_BINS) {
      throw new FacegradError(
        'bad-input',
        `equalization takes 2 to ${MOST_BINS} bins, not ${bins}`,
      );
    }
    return { y: x };
  },
  params: ({ x }, { hasMask }) => ({
    pixels: x.shape[1] * x.shape[2],
    has_mask: Number(hasMask),
  }),
  overrides: (_, { bins }) => ({ BINS: bins }),
  workgroups: ({ x }) => [x.shape[0], 1, 1],
});
