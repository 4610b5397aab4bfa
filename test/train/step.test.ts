import { describe, expect, it } from 'vitest';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';
import type { Capabilities } from '../../src/gpu/device';
import { DIRECT, type Tuning } from '../../src/kernels/tuning';
import { createNetwork } from '../../src/nn/systems';
import { PRESETS, type ModelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { trainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/step';

/** What every WebGPU device has, and nothing more. */
const capabilities: Capabilities = {
  features: new Set(),
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBuffersPerShaderStage: 8,
    maxStorageBufferBindingSize: 2 ** 27,
    maxBufferSize: 2 ** 28,
  } as GPUSupportedLimits,
  subgroupMinSize: 0,
  subgroupMaxSize: 0,
};

/** With subgroups of so many lanes: a CPU's 4 or 8, a GPU's 32 or 64, or what it chooses between. */
const lanes = (subgroupMinSize: number, subgroupMaxSize = subgroupMinSize): Capabilities => ({
  ...capabilities,
  features: new Set(['subgroups']),
  subgroupMinSize,
  subgroupMaxSize,
});

interface Surroundings {
  capabilities?: Capabilities;
  batch?: number;
  tuning?: Tuning;
}

function record(
  preset: Preset,
  changes: Partial<ModelConfig> = {},
  { capabilities: of = capabilities, batch = 4, tuning }: Surroundings = {},
) {
  const config = trainConfig(preset, { batch, model: changes, tuning });
  const data =
    config.model.frames.mode === 'sequence'
      ? syntheticSequences({ seed: 1, count: 7, frames: 3 })
      : syntheticFaces({ seed: 1, count: 7 });
  return recordStep({ capabilities: of }, createNetwork(config.model), config, data);
}

describe('the recorded training step', () => {
  const adapters: [string, Capabilities][] = [
    ['no subgroups', capabilities],
    ...[4, 8, 32, 64].map((n): [string, Capabilities] => [`subgroups of ${n}`, lanes(n)]),
    ['subgroups of 8 to 32', lanes(8, 32)],
    ['subgroups of 64 to 128', lanes(64, 128)],
  ];
  // The smaller the maps, the more weight gradients are summed in parts, a dispatch more each.
  const most = { paper: 50, small: 52, tiny: 52 };
  for (const [adapter, of] of adapters) {
    it.each(Object.keys(PRESETS) as Preset[])(`is short: preset %s, ${adapter}`, (preset) => {
      for (const batch of [4, 8, 64]) {
        const { tape } = record(preset, {}, { capabilities: of, batch, tuning: DIRECT });
        expect(tape.dispatches.length).toBeLessThanOrEqual(most[preset]);
      }
    });
  }

  it('is as long as ever without Winograd, and up to 35 dispatches longer with it', () => {
    for (const [size, direct, usual] of [
      [0, 49, 49],
      [4, 47, 82],
      [8, 47, 71],
      [32, 49, 49],
    ]) {
      const count = (tuning?: Tuning) =>
        record('paper', {}, { capabilities: lanes(size), batch: 8, tuning }).tape.dispatches.length;
      expect([count(DIRECT), count()], `${size} lanes`).toEqual([direct, usual]);
    }
  });

  it('prints as text, a line a dispatch, from the images to the update', () => {
    const { tape } = record('paper');
    const lines = tape.toString().split('\n');
    expect(lines).toHaveLength(tape.dispatches.length);
    expect(lines[0]).toMatch(/augment\.forward/);
    expect(lines.at(-1)).toMatch(/optimizer\.adam/);
  });

  const shapes: [string, Partial<ModelConfig>][] = [
    ['one stream', { streams: ['edges'] }],
    ['concat', { fusion: 'concat' }],
    ['views', { frames: { mode: 'views', count: 3 } }],
    ['streams as steps', { frames: { mode: 'streams', count: 1 } }],
    ['sequences', { frames: { mode: 'sequence', count: 3 } }],
    ['six classes', { classes: ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise'] }],
  ];
  it.each(shapes)('can be recorded for %s', (_, changes) => {
    const { logits, tape } = record('tiny', changes);
    expect(logits.shape).toEqual([4, changes.classes?.length ?? 7]);
    expect(tape.dispatches.length).toBeLessThanOrEqual(52);
  });

  it.each(['views', 'sequence'] as const)('%s: the frames of a sample are 3 of 12', (mode) => {
    const { tape } = record('tiny', { frames: { mode, count: 3 } });
    const { kernel, inputs, attributes, values } = tape.dispatches[0];
    expect(values.y.shape).toEqual([12, 48, 48]);
    expect(kernel.params!(inputs, attributes)).toMatchObject({ frames: 12, batch: 4 });
  });
});
