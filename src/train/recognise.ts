import { FacegradError } from '../gpu/errors';
import { STREAM_KINDS } from '../vision/preprocess';
import { EXPRESSIONS } from '../data/dataset';
import { cnnLstm, type ModelConfig } from '../nn/systems/cnn_lstm';
import type { NamedTensor } from '../nn/parameters';

/** Sizes of the presets: which of several that leave the same map is meant. */
const USUAL_SIZES = [48, 96];

/**
 * The configuration of weights of the paper's network that came without one, as PyTorch saves them: from the tensors'
 * names and shapes. What shapes do not show (frames, preprocessing) is the default.
 * @throws FacegradError `bad-input` for those of another network, or classes without names
 */
export function recognise(tensors: ReadonlyMap<string, NamedTensor>, file: string): ModelConfig {
  const fail = (why: string): never => {
    throw new FacegradError(
      'bad-input',
      `${file} has no network configuration, and ${why}: give it one with --config FILE`,
      { available: [...tensors.keys()].slice(0, 8) },
    );
  };
  const shape = (name: string) => tensors.get(name)?.shape;
  const streams = STREAM_KINDS.filter((kind) => shape(`streams.${kind}.fc.weight`));
  if (streams.length === 0) fail('its tensors are not those of the network cnn-lstm');
  const part = `streams.${streams[0]}`;
  const widths: number[] = [];
  for (let i = 1; shape(`${part}.block${i}.conv.weight`); i++) {
    widths.push(shape(`${part}.block${i}.conv.weight`)![0]);
  }
  const [dense, features] = shape(`${part}.fc.weight`)!;
  const side = Math.sqrt(features / (widths.at(-1) ?? NaN));
  if (!Number.isInteger(side)) fail('the size of its pictures cannot be told');
  const shrunk = 2 ** widths.length;
  const size = USUAL_SIZES.find((one) => Math.floor(one / shrunk) === side) ?? side * shrunk;
  const lstm = shape('lstm.weight_ih_l0');
  const fused = lstm ?? shape('fusion.weight');
  const scores = shape('classifier.weight');
  if (!fused || !scores) return fail('its tensors are not those of the network cnn-lstm');
  const [count, hidden] = scores;
  if (count !== 6 && count !== 7) fail(`its ${count} classes have no names`);
  const inTurn = streams.length === 2 && fused[1] === dense;
  return {
    kind: 'system',
    name: cnnLstm.name,
    classes: EXPRESSIONS.slice(0, count),
    size,
    streams,
    frames: inTurn ? { mode: 'streams', count: 1 } : { mode: 'still', count: 1 },
    widths,
    dense,
    hidden,
    fusion: lstm ? 'lstm' : 'concat',
    dropout: cnnLstm.defaults.dropout,
  };
}
