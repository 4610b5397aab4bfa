import forwardShader from '../../shaders/edge_enhancement/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { CHAMFER_MASKS, type ChamferMask } from './distance_transform';
import { defineKernel, type Gathered, type TensorSpec } from './kernel';

export interface EnhancementAttributes {
  /** `sharpen`: unsharp masking that fades with the distance. `map`: the fading itself, as grey. */
  mode: 'sharpen' | 'map';
  chamfer: ChamferMask;
  /** Pixels from an edge at which the effect has faded to nothing; at most 20. */
  radius: number;
  /** Gain of the sharpening at an edge. */
  lambda: number;
  /** Standard deviation of the Gaussian, in pixels; at most 8. */
  sigma: number;
}

const TILE = 8;
const MAX_HALO = 24;
/** Rows of a tile with its halo that workgroup memory has room for. */
const MOST_ROWS = 64;

/**
 * Rows and columns within which the window must find edges. The chamfer distances are at least 1/sqrt(2) of
 * Euclid's, so an edge pixel with (D_E + D_C) / 2 < R has D_E < R * 2 / (1 + 1/sqrt(2)) = 1.172 R.
 */
function reachOf(radius: number): number {
  return Math.floor(1.172 * radius);
}

/** Rows and columns that the Gaussian covers on either side. */
const blurOf = (sigma: number) => Math.min(MAX_HALO, Math.ceil(3 * sigma));

/** Rows above and below a tile that it depends on. */
const haloOf = (radius: number, sigma: number) => Math.max(reachOf(radius), blurOf(sigma));

/** Rows of a tile with its halo: few, so that there are many workgroups, while a quarter at most is halo. */
function rowsOf({ radius, sigma }: Pick<EnhancementAttributes, 'radius' | 'sigma'>): number {
  return Math.min(MOST_ROWS, Math.max(32, 8 * haloOf(radius, sigma)));
}

/** Rows that a tile finishes, four a thread. */
const tileHeight = (attributes: Pick<EnhancementAttributes, 'radius' | 'sigma'>) =>
  4 * Math.floor((rowsOf(attributes) - 2 * haloOf(attributes.radius, attributes.sigma)) / 4);

/** Enhances x [N, H, W] (whole numbers 0..255) at the pixels of `edges` [N, H, W] (0 or 1) and around. */
export const edgeEnhancementForward = defineKernel({
  name: 'edge_enhancement.forward',
  shader: forwardShader,
  outputs({ x }: Record<'x' | 'edges', TensorSpec>, attributes: EnhancementAttributes & Gathered) {
    const { chamfer, radius, lambda, sigma } = attributes;
    if (x.shape.length !== 3 || x.layout) {
      throw new FacegradError('bad-input', `enhancement takes dense [N, H, W], not [${x.shape}]`);
    }
    if (!CHAMFER_MASKS[chamfer]) {
      throw new FacegradError('bad-input', `unknown chamfer mask ${chamfer}`, {
        available: Object.keys(CHAMFER_MASKS),
      });
    }
    if (!(radius > 0 && radius <= 20 && sigma > 0 && sigma <= 8 && Number.isFinite(lambda))) {
      throw new FacegradError(
        'bad-input',
        `enhancement needs 0 < radius <= 20, 0 < sigma <= 8; got ${radius}, ${sigma}, lambda ${lambda}`,
      );
    }
    return { y: x };
  },
  overrides: (_, attributes) => ({
    WORKGROUP_SIZE: attributes.threads ?? 64,
    ROWS: rowsOf(attributes),
  }),
  params({ x }, attributes) {
    const { mode, chamfer, radius, lambda, sigma } = attributes;
    const reach = reachOf(radius);
    const blur = blurOf(sigma);
    const halo = haloOf(radius, sigma);
    const falloff = Math.exp(-1 / (2 * sigma * sigma));
    let sum = 1;
    for (let d = 1; d <= blur; d++) sum += 2 * falloff ** (d * d);
    return {
      height: x.shape[1],
      width: x.shape[2],
      tile_height: tileHeight(attributes),
      reach,
      blur,
      halo,
      falloff,
      norm: 1 / (sum * sum),
      ...CHAMFER_MASKS[chamfer],
      radius,
      lambda,
      map: mode === 'map' ? 1 : 0,
    };
  },
  workgroups: ({ x: { shape } }, attributes) => [
    Math.ceil(shape[2] / TILE),
    Math.ceil(shape[1] / tileHeight(attributes)),
    shape[0],
  ],
});
