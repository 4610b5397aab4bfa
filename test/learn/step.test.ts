import { expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import type { Capabilities } from '../../src/gpu/device';
import { createNetwork } from '../../src/nn/systems';
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

it('the lessons tell where the step uses a file', async () => {
  const config = trainConfig('small', { batch: 32 });
  const faces = syntheticFaces({ seed: 1, count: 40 });
  const { tape } = recordStep({ capabilities }, createNetwork(config.model), config, faces);
  const files: Record<string, number> = {};
  for (const { kernel } of tape.dispatches) {
    const { path } = kernel.shader;
    files[path] = (files[path] ?? 0) + 1;
  }
  const text = `${JSON.stringify(files, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../learn/step.json');
});
