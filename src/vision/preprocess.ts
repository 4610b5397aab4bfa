/**
 * The paper's two preprocessings, as recorded dispatches: weighted histogram equalization, and edge
 * enhancement by distance. Nothing here is differentiated: pixels are data.
 */
import { cannyEdges, cannyGradient, type CannyThresholds } from '../kernels/canny';
import {
  distanceTransformChamfer,
  distanceTransformColumns,
  distanceTransformEuclidean,
  type ChamferMask,
} from '../kernels/distance_transform';
import { edgeEnhancementForward, type EnhancementAttributes } from '../kernels/edge_enhancement';
import {
  EQUALIZATION_PRESETS,
  histogramEqualizationForward,
  type EqualizationPreset,
  type EqualizationWeights,
} from '../kernels/histogram_equalization';
import { cpuLanes } from '../kernels/kernel';
import { FacegradError } from '../gpu/errors';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';

/** What a stream of the network sees. */
export type StreamKind = 'equalized' | 'edges' | 'raw';

export const STREAM_KINDS: readonly StreamKind[] = ['equalized', 'edges', 'raw'];

/** Settings of the edge stream; each has a default. */
export type EdgeConfig = Partial<EnhancementAttributes & CannyThresholds>;

/** Plain data, as it stands in a weights file. What is left out takes its default. */
export interface PreprocessConfig {
  /** Default: preset `paper`. */
  equalization?: { preset: EqualizationPreset } | EqualizationWeights;
  /** Default: see `edgeDefaults`. */
  edges?: EdgeConfig;
}

/**
 * Defaults of the edge stream. They are those of a 96x96 face (radius 6, sigma 2, 90th percentile), and
 * lengths shrink with the image: radius 3 and sigma 1 at 48x48. An edge is about as many pixels wide at
 * any size, so its share of the pixels grows as the image shrinks: at 48x48 the same edges are above the
 * 80th percentile.
 */
export function edgeDefaults(height: number, width: number): Required<EdgeConfig> {
  const size = Math.min(height, width);
  return {
    mode: 'sharpen',
    chamfer: '3-4',
    radius: Math.min(20, Math.max(1, size / 16)),
    lambda: 1.5,
    sigma: Math.min(8, Math.max(0.5, size / 48)),
    highPercentile: Math.min(0.95, Math.max(0.8, 1 - 9.6 / size)),
    lowRatio: 0.4,
  };
}

/**
 * Appends the preprocessing of a stream: 1 dispatch for `equalized`, 3 for `edges`, none for `raw`.
 * @param images f32 [N, H, W], whole numbers 0..255
 * @returns the same shape, whole numbers 0..255
 */
export function preprocess(
  tape: Tape,
  images: Value,
  kind: StreamKind,
  config: PreprocessConfig = {},
): Value {
  const threads = cpuLanes(tape.capabilities);
  switch (kind) {
    case 'raw':
      return images;
    case 'equalized': {
      const weights = equalizationWeights(config.equalization);
      return tape.dispatch(histogramEqualizationForward, { x: images }, { ...weights, threads }).y;
    }
    case 'edges': {
      const [, height, width] = images.shape;
      const settings = { ...edgeDefaults(height, width), ...config.edges };
      const edges = canny(tape, images, settings);
      return tape.dispatch(edgeEnhancementForward, { x: images, edges }, { ...settings, threads })
        .y;
    }
    default:
      throw new FacegradError('bad-input', `unknown preprocessing ${String(kind)}`, {
        available: STREAM_KINDS,
      });
  }
}

function equalizationWeights(
  config: PreprocessConfig['equalization'] = { preset: 'paper' },
): EqualizationWeights {
  if (!('preset' in config)) return config;
  const weights = EQUALIZATION_PRESETS[config.preset];
  if (!weights) {
    throw new FacegradError('bad-input', `unknown equalization preset ${config.preset}`, {
      available: Object.keys(EQUALIZATION_PRESETS),
    });
  }
  return weights;
}

/** Canny's edges, u32 [N, H, W] of 0 and 1: 2 dispatches. */
export function canny(tape: Tape, images: Value, thresholds: Partial<CannyThresholds> = {}): Value {
  const [, height, width] = images.shape;
  const { highPercentile, lowRatio } = { ...edgeDefaults(height, width), ...thresholds };
  const { gradient } = tape.dispatch(cannyGradient, { x: images });
  const threads = cpuLanes(tape.capabilities);
  return tape.dispatch(cannyEdges, { gradient }, { highPercentile, lowRatio, threads }).edges;
}

/**
 * Distance of every pixel to the nearest edge pixel, f32 [N, H, W]; H + W where there are no edges.
 * @param metric `euclidean` (exact), `squared` (its square), or a chamfer mask
 */
export function distanceTransform(
  tape: Tape,
  edges: Value,
  metric: 'euclidean' | 'squared' | ChamferMask,
): Value {
  const { vertical } = tape.dispatch(distanceTransformColumns, { edges });
  if (metric === 'euclidean' || metric === 'squared') {
    const attributes = { squared: metric === 'squared' };
    return tape.dispatch(distanceTransformEuclidean, { vertical }, attributes).distance;
  }
  return tape.dispatch(distanceTransformChamfer, { vertical }, { mask: metric }).distance;
}
