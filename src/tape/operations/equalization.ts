import { FacegradError } from '../../gpu/errors';
import {
  claheApply,
  claheBinsApply,
  claheBinsTables,
  claheLevels,
  claheTables,
  type AdapthistAttributes,
  type ClaheAttributes,
} from '../../kernels/clahe';
import {
  EQUALIZATION_PRESETS,
  histogramEqualizationBins,
  histogramEqualizationForward,
  type EqualizationPreset,
  type EqualizationWeights,
} from '../../kernels/histogram_equalization';
import { cpuLanes } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

type X = Record<'x', Value>;
type Y = Record<'y', Value>;

export interface EqualizeAttributes extends Partial<EqualizationWeights> {
  preset?: EqualizationPreset;
  /** Pictures of any values are equalized to 0..1 by so many equal bins, 2 to 1024; 256 where only a mask is given. */
  bins?: number;
}

/**
 * Histogram equalization of every image of x [N, H, W]: of whole numbers 0..255, plain or weighted; or, with `bins` or a
 * mask u32 [N, H, W], of any values to 0..1 as scikit-image's equalize_hist, counting the pixels where the mask is not 0.
 */
export const equalize = defineOperation({
  name: 'equalize',
  forward(
    tape: Tape,
    { x, mask }: X & { mask?: Value },
    { preset, bins, ...weights }: EqualizeAttributes = {},
  ): Y {
    if (bins === undefined && !mask) {
      const all = { ...EQUALIZATION_PRESETS[preset ?? 'he'], ...weights };
      const threads = cpuLanes(tape.capabilities);
      return tape.dispatch(histogramEqualizationForward, { x }, { ...all, threads });
    }
    if (preset || Object.keys(weights).length > 0) {
      throw new FacegradError(
        'bad-input',
        'equalize: bins and a mask go without preset and weights',
        {
          operation: 'equalize',
        },
      );
    }
    const attributes = { bins: bins ?? 256, hasMask: mask !== undefined };
    return tape.dispatch(histogramEqualizationBins, { x, mask: mask ?? x }, attributes);
  },
});

/** Contrast-limited adaptive equalization, as OpenCV's: a table a tile, blended between tiles. */
export const clahe = defineOperation({
  name: 'clahe',
  forward(tape: Tape, { x }: X, attributes: ClaheAttributes = {}): Y {
    const { table } = tape.dispatch(claheTables, { x }, attributes);
    return tape.dispatch(claheApply, { x, table }, attributes);
  },
});

/** The same of pictures of any values, to 0..1, as scikit-image's equalize_adapthist: limit and tiles mean other things there. */
export const equalizeAdapthist = defineOperation({
  name: 'equalize_adapthist',
  forward(tape: Tape, { x }: X, attributes: AdapthistAttributes = {}): Y {
    const { bin } = tape.dispatch(claheLevels, { x }, attributes);
    const { table } = tape.dispatch(claheBinsTables, { bin }, attributes);
    return tape.dispatch(claheBinsApply, { bin, table }, attributes);
  },
});
