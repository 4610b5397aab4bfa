import type { ImageSet } from '../../src/data/dataset';
import { adapterName } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import type { TrainConfig } from '../../src/train/config';
import { recordNetwork } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { closedForm } from '../../src/train/discriminant';
import type { Provenance } from '../../src/train/weights_file';
import { unpackImageSet, type ImageSetHeader } from './image_sets';
import type { Task } from './job';
import { WEIGHTS } from './names';

export interface FitJobConfig {
  data: ImageSetHeader;
  train: TrainConfig;
  provenance: Provenance;
}

/** Computes the weights of a network that is not trained. */
export async function fit(task: Task<FitJobConfig>): Promise<void> {
  const { config, inputs, emit, file } = task;
  const compute = closedForm(config.train.model);
  if (!compute) throw new FacegradError('internal', `${config.train.model.name} is to be trained`);
  const set = unpackImageSet('data', config.data, inputs) as ImageSet;
  const device = await task.gpu((capabilities) => {
    const { model, batch: samples } = config.train;
    return [recordNetwork(createNetwork(model, task.systems), capabilities, { samples })];
  });
  emit({ type: 'start', adapter: adapterName(device.adapter) });
  await file(WEIGHTS, await compute(device, set, config.train, config.provenance));
}
