import { claheApply, claheTables, type ClaheAttributes } from '../../kernels/clahe';
import {
  EQUALIZATION_PRESETS,
  histogramEqualizationForward,
  type EqualizationPreset,
  type EqualizationWeights,
} from '../../kernels/histogram_equalization';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

type X = Record<'x', Value>;
type Y = Record<'y', Value>;

/** Histogram equalization of every image of x [N, H, W] (whole numbers 0..255): plain, or weighted. */
export const equalize = defineOperation({
  name: 'equalize',
  forward(
    tape: Tape,
    { x }: X,
    {
      preset = 'he',
      ...weights
    }: { preset?: EqualizationPreset } & Partial<EqualizationWeights> = {},
  ): Y {
    const all = { ...EQUALIZATION_PRESETS[preset], ...weights };
    return tape.dispatch(histogramEqualizationForward, { x }, all);
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
