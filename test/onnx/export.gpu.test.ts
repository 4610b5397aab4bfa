import { describe, expect, it } from 'vitest';
import { createNetwork, systemConfig } from '../../src/nn/systems';
import { modelConfig, PRESETS, type ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { residual } from '../../src/nn/systems/residual';
import { exportOnnx } from '../../src/onnx/export';
import { hasOnnxRuntime } from '../support/onnxruntime';
import { expectAlike, noisyWeights } from './compare';

const small = { size: 13, widths: [3, 5], dense: 6, hidden: 4 };
const network = (changes: Partial<ModelConfig>) =>
  createNetwork(modelConfig('tiny', { ...small, ...changes }));

describe.skipIf(!hasOnnxRuntime)('a network as ONNX gives the same in onnxruntime', () => {
  const cases: [string, Partial<ModelConfig>, number][] = [
    ['two streams, one step', {}, 3],
    ['one stream', { streams: ['raw'] }, 2],
    ['a dense layer in place of the LSTM', { fusion: 'concat' }, 2],
    ['a dense layer over one stream', { fusion: 'concat', streams: ['edges'] }, 1],
    ['streams as steps', { frames: { mode: 'streams', count: 2 } }, 3],
    ['views, one of them', { frames: { mode: 'views', count: 3 } }, 2],
    ['a preset', PRESETS.tiny, 2],
  ];
  it.each(cases)('%s', (_, changes, samples) => expectAlike(network(changes), samples));

  const sequences: [string, Partial<ModelConfig>, number[]][] = [
    ['sequences with lengths', { frames: { mode: 'sequence', count: 3 } }, [3, 1, 5]],
    ['sequences of one stream', { frames: { mode: 'sequence', count: 2 }, streams: ['raw'] }, [4]],
    ['sequences of one frame', { frames: { mode: 'sequence', count: 1 } }, [1, 2]],
  ];
  it.each(sequences)('%s, of any number of frames', async (_, changes, frames) => {
    for (const count of frames) await expectAlike(network(changes), 4, count);
  });

  it('another system', async () => {
    const classes = ['a', 'b', 'c'];
    const config = systemConfig(residual, { classes, size: 12, widths: [3, 4] });
    await expectAlike(createNetwork(config), 3);
  });
});

describe('exportOnnx', () => {
  const text = (file: Uint8Array) => new TextDecoder('latin1').decode(file);

  it('refuses weights that do not fit', () => {
    const config = modelConfig('tiny');
    expect(() => exportOnnx({ config, tensors: new Map() })).toThrow(/the weights do not contain/);
  });

  it('writes the streams apart, without a node between a stream and its scores but the layers', async () => {
    const one = network({});
    const tensors = await noisyWeights(one);
    const { config } = one;
    const file = text(exportOnnx({ config, tensors, provenance: { commit: 'abc' } }));
    for (const name of ['equalized', 'edges', 'logits', 'probabilities', '{"commit":"abc"}']) {
      expect(file).toContain(name);
    }
    expect(file).not.toMatch(/Unsqueeze|Squeeze|Transpose|LSTM/);
    // Weights have the names of the weights file.
    expect(file).toContain('streams.edges.block2.conv.weight');
  });
});
