import { FacegradError } from '../gpu/errors';
import type { PreprocessConfig, StreamKind } from '../vision/preprocess';

/**
 * What the LSTM's steps are:
 * - `still`: one picture, one step (T = 1);
 * - `views`: the same picture `count` times, each jittered differently (T = 2 to 4);
 * - `streams`: the streams' features of one picture, one after another;
 * - `sequence`: `count` frames in time order, shorter ones masked.
 */
export interface FramesConfig {
  mode: 'still' | 'views' | 'streams' | 'sequence';
  count: number;
}

/** The whole network. It is stored in every weights file, so that a file alone suffices to run. */
export interface ModelConfig {
  /** Height and width of the input, in pixels. */
  size: number;
  /** Output channels of the convolution blocks. */
  widths: number[];
  /** Features a stream gives. */
  dense: number;
  /** Hidden size of the LSTM, or of the layer in its place with `concat`. */
  hidden: number;
  /** One or two preprocessings, each with a convolution stream of its own. */
  streams: StreamKind[];
  fusion: 'lstm' | 'concat';
  frames: FramesConfig;
  classes: string[];
  /** Share of the streams' features dropped in training. */
  dropout: number;
  preprocess?: PreprocessConfig;
}

const EXPRESSIONS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];

const STREAMS: readonly string[] = ['equalized', 'edges', 'raw'] satisfies StreamKind[];
const MODES: readonly string[] = ['still', 'views', 'streams', 'sequence'];

const common = {
  streams: ['equalized', 'edges'] as StreamKind[],
  fusion: 'lstm' as const,
  frames: { mode: 'still' as const, count: 1 },
  classes: EXPRESSIONS,
  dropout: 0.2,
};

/** The documented sizes: `tiny` learns the synthetic faces in a minute, `paper` is the paper's network. */
export const PRESETS = {
  tiny: { ...common, size: 48, widths: [8, 16, 16, 32, 32], dense: 64, hidden: 32 },
  small: { ...common, size: 48, widths: [16, 32, 64, 96, 128], dense: 256, hidden: 128 },
  paper: { ...common, size: 96, widths: [32, 64, 128, 128, 256], dense: 256, hidden: 128 },
} satisfies Record<string, ModelConfig>;

export type Preset = keyof typeof PRESETS;

/**
 * A preset with changes, checked.
 * @throws FacegradError `bad-input` naming the setting
 */
export function modelConfig(preset: Preset, changes: Partial<ModelConfig> = {}): ModelConfig {
  if (!(preset in PRESETS)) {
    throw new FacegradError('bad-input', `no preset ${preset}`, {
      wanted: preset,
      available: Object.keys(PRESETS),
    });
  }
  const config: ModelConfig = { ...PRESETS[preset], ...changes };
  checkModelConfig(config);
  return config;
}

/** @throws FacegradError `bad-input` for the first setting that cannot be */
export function checkModelConfig(config: ModelConfig): void {
  const refuse = (what: string, wanted: unknown): never => {
    throw new FacegradError('bad-input', `model configuration: ${what}`, { wanted });
  };
  // A configuration may come from a file: nothing of it is believed.
  const { size, widths, dense, hidden, streams, fusion, frames, classes, dropout } = config;
  const count = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  if (!count(size) || size > 256) refuse('size must be 1 to 256', size);
  if (!Array.isArray(widths) || widths.length < 1 || !widths.every(count)) {
    refuse('widths must be the channels of one block or more', widths);
  }
  if (Math.floor(size / 2 ** widths.length) < 1) {
    refuse(`${widths.length} pools leave nothing of ${size} pixels`, widths);
  }
  if (!count(dense)) refuse('dense must be 1 or more', dense);
  if (!count(hidden)) refuse('hidden must be 1 or more', hidden);
  if (!Array.isArray(streams) || !streams.every((kind) => STREAMS.includes(kind))) {
    refuse(`streams must be of ${STREAMS.join(', ')}`, streams);
  }
  if (streams.length < 1 || streams.length > 2 || new Set(streams).size !== streams.length) {
    refuse('streams must be one or two different ones', streams);
  }
  if (fusion !== 'lstm' && fusion !== 'concat') refuse('fusion must be lstm or concat', fusion);
  if (!MODES.includes(frames?.mode)) {
    refuse(`frames.mode must be one of ${MODES.join(', ')}`, frames);
  }
  if (!count(frames.count)) refuse('frames.count must be at least 1', frames);
  if (frames.mode === 'still' && frames.count !== 1) refuse('a still has one frame', frames);
  if (frames.mode === 'streams' && streams.length !== 2) {
    refuse('frames.mode streams needs two streams', frames);
  }
  if (frames.mode !== 'still' && fusion !== 'lstm') {
    refuse('several frames need the fusion lstm', frames);
  }
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === 'string')) {
    refuse('classes must be names', classes);
  }
  if (classes.length < 2) refuse('at least two classes', classes);
  if (!(dropout >= 0 && dropout < 1)) refuse('dropout must be in [0, 1)', dropout);
}
