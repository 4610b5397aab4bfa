import type { Gpu } from '../src/gpu/device';
import { syntheticFaces } from '../src/data/synthetic';
import { Model } from '../src/nn/model';
import { trainConfig } from '../src/train/config';
import { recordStep } from '../src/train/trainer';

/** Dispatches that one training step of the preset `paper` records, and how often each kernel. */
export function paperStepDispatches(gpu: Pick<Gpu, 'capabilities'>): {
  total: number;
  kernels: Record<string, number>;
} {
  const config = trainConfig('paper');
  const data = syntheticFaces({ seed: 1, count: config.batch, size: 48 });
  const { tape } = recordStep(gpu, new Model(config.model), config, data);
  const kernels: Record<string, number> = {};
  for (const { kernel } of tape.dispatches) kernels[kernel.name] = (kernels[kernel.name] ?? 0) + 1;
  return { total: tape.dispatches.length, kernels };
}
