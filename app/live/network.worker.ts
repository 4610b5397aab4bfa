/** Runs the networks on the GPU, off the page's thread. */
import type { Capabilities, Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { recordNetwork } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { leaveOutWrong } from '../../src/tape/variants';
import { readWeights, type Weights } from '../../src/train/weights_file';
import { openGpu as requestGpu } from '../shared/open_gpu';
import { systems } from '../shared/systems';
import { verdicts } from '../shared/verdicts';
import type { NetworkFacts, NetworkReply, NetworkRequest, WeightsFile } from './messages';
import { Recogniser, remembers } from './recogniser';

let gpu: Promise<Gpu> | undefined;
let weights: Weights[] = [];
/** Recorded for the size of the frames that come; another size records anew. */
let recogniser: Recogniser | undefined;

function reply(message: NetworkReply): void {
  postMessage(message);
}

function openGpu(networks: Weights[]): Promise<Gpu> {
  gpu ??= requestGpu(3, readingsOf(networks)).then((opened) => {
    void opened.lost.then(({ kind, message }) => {
      reply({ type: 'error', doing: 'read', kind, message });
    });
    return opened;
  });
  return gpu;
}

async function bytesOf({ file, url }: WeightsFile): Promise<Uint8Array> {
  if (file) return file;
  const response = await fetch(url!);
  if (!response.ok) {
    throw new FacegradError(
      'bad-input',
      `the weights of this page could not be loaded (HTTP ${response.status})`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** What the networks run for one face. */
const readingsOf = (networks: Weights[]) => (capabilities: Capabilities) =>
  networks.map(({ config }) =>
    recordNetwork(createNetwork(config, systems), capabilities, { samples: 1, fixed: true }),
  );

async function load(files: WeightsFile[]): Promise<void> {
  const read = await Promise.all(
    files.map(async (file) => readWeights(await bytesOf(file), file.name)),
  );
  const opened = await openGpu(read);
  await leaveOutWrong(opened, { store: verdicts, record: readingsOf(read) }); // it may have been open
  const { adapter } = opened;
  recogniser?.dispose();
  recogniser = undefined;
  weights = read;
  const facts: NetworkFacts[] = read.map(({ config, provenance, tensors }, i) => ({
    name: files[i].name,
    config,
    provenance,
    remembers: remembers(read[i]),
    parameters: [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0),
  }));
  reply({ type: 'networks', networks: facts, adapter });
  // What a reading runs is compiled before there is a face, whatever its frame's size will be. What fails is told then.
  await Recogniser.create(opened, read, { width: 64, height: 64 }).then(
    (warm) => warm.dispose(),
    () => {},
  );
}

async function read(request: NetworkRequest & { type: 'read' }): Promise<void> {
  const { number, width, height, pixels, faces, carry, show } = request;
  const begin = performance.now();
  if (recogniser?.width !== width || recogniser.height !== height) {
    recogniser?.dispose();
    recogniser = undefined;
    recogniser = await Recogniser.create(await openGpu(weights), weights, { width, height });
  }
  const result = await recogniser.read({ pixels: new Uint8Array(pixels), faces, carry, show });
  const { size } = weights[0].config;
  reply({
    type: 'read',
    number,
    faces: result.faces,
    stages: result.stages && { id: show!, size, pictures: result.stages },
    ms: performance.now() - begin,
  });
}

/** Requests are done in turn: the recogniser reads one frame at a time. */
let queue: Promise<unknown> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<NetworkRequest>) => {
  queue = queue
    .then(() => (data.type === 'networks' ? load(data.networks) : read(data)))
    .catch((error: Error) => {
      const kind = error instanceof FacegradError ? error.kind : 'internal';
      reply({ type: 'error', doing: data.type, kind, message: error.message });
    });
});
