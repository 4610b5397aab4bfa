import { describe, expect, it } from 'vitest';
import type { NetworkConfig } from '../../src/nn/network';
import { createNetwork, namedConfig } from '../../src/nn/systems';
import { writeSafetensors } from '../../src/train/safetensors';
import { readWeights, withConfig } from '../../src/train/weights_file';
import { memoryStorage } from '../support/memory_storage';

/** Weights as PyTorch saves them: names, shapes, numbers, and no configuration. */
async function bare(config: NetworkConfig): Promise<Uint8Array> {
  const network = createNetwork(config);
  const storage = memoryStorage();
  network.initialize(storage, 1);
  return writeSafetensors(await network.export(storage), { format: 'pt' });
}

const withoutNeutral = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise'];

describe('weights without a configuration', () => {
  it.each([
    ['the preset tiny', namedConfig('tiny')],
    ['the preset small', namedConfig('small')],
    ['96 pixels', namedConfig('tiny', { size: 96 })],
    ['an unusual size', namedConfig('tiny', { size: 32, widths: [4, 8] })],
    ['one stream, six classes', namedConfig('tiny', { streams: ['raw'], classes: withoutNeutral })],
    ['no LSTM', namedConfig('tiny', { fusion: 'concat' })],
    ['streams as steps', namedConfig('tiny', { frames: { mode: 'streams', count: 1 } })],
  ])('are recognised by names and shapes: %s', async (_, config) => {
    expect(readWeights(await bare(config)).config).toEqual(config);
  });

  it('are refused where shapes do not tell, with what to do', async () => {
    const classes = ['yes', 'no', 'perhaps'];
    const three = await bare(namedConfig('tiny', { classes }));
    expect(() => readWeights(three, 'three.safetensors')).toThrow(
      /three\.safetensors has no network configuration, and its 3 classes have no names: .*--config/,
    );
    expect(() => readWeights(writeSafetensors([], {}))).toThrow(
      /not those of the network cnn-lstm/,
    );
    const other = await bare(namedConfig('residual'));
    expect(() => readWeights(other)).toThrow(/not those of the network cnn-lstm/);
  });

  it('take one that is given', async () => {
    const config = namedConfig('tiny', { classes: ['yes', 'no', 'perhaps'] });
    const file = withConfig(await bare(config), config);
    expect(readWeights(file).config).toEqual(config);
  });
});
