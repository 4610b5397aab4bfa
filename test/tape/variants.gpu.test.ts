import { expect, it, vi } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { adapterName, Gpu } from '../../src/gpu/device';
import type { PipelineRequest } from '../../src/gpu/pipelines';
import { DIRECT } from '../../src/kernels/tuning';
import { Conv2d, Flatten, Linear, MaxPool2d, ReLU } from '../../src/nn/layers';
import { Sequential } from '../../src/nn/module';
import { Network, recordNetwork, recordTraining } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { leaveOutWrong, type VerdictStore } from '../../src/tape/variants';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { openTestGpu } from '../support/gpu';

const inNode = typeof window === 'undefined';

/** A device that turns the sign of whatever these shaders write, as no driver should. */
async function faulty(shaders: RegExp): Promise<Gpu> {
  const gpu = await openTestGpu();
  const get = gpu.pipelines.get.bind(gpu.pipelines);
  gpu.pipelines.get = (request: PipelineRequest) => {
    const { shader } = request;
    if (!shaders.test(shader.path)) return get(request);
    const code = shader.code.replace(/^(\s*(?:y|dx|partials)\[.*\] = )(.*);/gm, '$1-($2);');
    expect(code, shader.path).not.toBe(shader.code);
    return get({ ...request, shader: { ...shader, code } });
  };
  return gpu;
}

function store(): VerdictStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (key) => kept.get(key),
    set: async (key, verdict) => void kept.set(key, verdict),
  };
}

const config = trainConfig('tiny', {
  epochs: 3,
  batch: 8,
  seed: 3,
  logEvery: 1,
  tuning: DIRECT, // no Winograd, which would stand in for the faulty ones
});
const { model, batch: samples, tuning } = config;

/** Every kind of convolution but the paper's, and a product. */
const small = () =>
  new Network(
    new Sequential(
      new Conv2d(1, 8, 3, { stride: 2, padding: 1 }),
      new Conv2d(8, 8, 3, { groups: 8, padding: 1 }),
      new Conv2d(8, 16, 1),
      new ReLU(),
      new MaxPool2d(4),
      new Flatten(),
      new Linear(576, 64),
      new ReLU(),
      new Linear(64, 7),
    ),
    { classes: model.classes, size: 48 },
  );

/** The loss of each step. */
async function train(gpu: Gpu, network?: Network): Promise<number[]> {
  const data = { training: syntheticFaces({ seed: 1, count: 24, size: 48 }) };
  const trainer = await Trainer.create(gpu, config, data, { model: network });
  const losses: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
  trainer.dispose();
  return losses;
}

it('leaves nothing out on an adapter that is right, and remembers it', async () => {
  const gpu = await openTestGpu();
  const verdicts = store();
  await leaveOutWrong(gpu, { store: verdicts });
  expect(new Set(verdicts.kept.values())).toEqual(new Set(['']));
  expect(gpu.adapter.without).toBeUndefined();
  gpu.dispose();
});

// Faults planted into SwiftShader's kernels would be the same; there they take two minutes.
it.runIf(inNode).each<[string, RegExp, () => Network | undefined, RegExp]>([
  [
    'paper, with the pools that would stand in for its blocks',
    /conv5x5\/forward(_map\d_subgroup|_subgroup)?\.wgsl$|bn_relu_pool\/forward|max_pool\/forward_2x2/,
    () => undefined,
    /(?=.*conv5x5 tiled)(?=.*bn_relu_pool)(?=.*max_pool 2x2)/,
  ],
  [
    'small convolutions and products',
    /\/(conv|depthwise)\/(forward|pointwise|backward_weight).*(?<!plain)\.wgsl$|gemm\/tiled/,
    small,
    /(?=.*conv 3x3 tiled)(?=.*conv 1x1 tiled)(?=.*conv depthwise tiled)/,
  ],
])(
  'finds kernels that are wrong on this adapter, says so, and trains without them: %s',
  async (name, shaders, network, named) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const [right, trusting, checking] = [
      await openTestGpu(),
      await faulty(shaders),
      await faulty(shaders),
    ];
    const expected = await train(right, network());
    const wrong = await train(trusting, network());
    const same = wrong.every((loss, i) => Math.abs(loss - expected[i]) < 0.001);
    expect(same).toBe(false);

    checking.adapter.description += ` with a fault: ${name}`; // it is another adapter
    const verdicts = store();
    await leaveOutWrong(checking, {
      store: verdicts,
      record: (capabilities) =>
        recordTraining(network() ?? createNetwork(model), capabilities, { samples, tuning }),
    });
    const said = adapterName(checking.adapter).split(', without ')[1];
    expect(said).toMatch(named);
    const products = network() && right.capabilities.subgroupMinSize >= 4;
    expect(said.includes('matrix product subgroup')).toBe(!!products);
    expect(warn.mock.lastCall?.[0]).toMatch(/gets these fast kernels wrong: /);
    const given = await train(checking, network());
    given.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i], 3));
    warn.mockRestore();
    for (const gpu of [right, trusting, checking]) gpu.dispose();
  },
);

it('tries only what is about to run', async () => {
  const gpu = await openTestGpu();
  gpu.adapter.description += ', seen for the first time';
  const verdicts = store();
  const record = (network: Network) =>
    leaveOutWrong(gpu, {
      store: verdicts,
      record: (capabilities) => [recordNetwork(network, capabilities, { samples: 1 })],
    });
  const kept = () => [...verdicts.kept.keys()].join();
  await record(
    new Network(new Sequential(new Flatten(), new Linear(2304, 7)), {
      classes: model.classes,
      size: 48,
    }),
  );
  expect(kept()).not.toContain('conv');
  await record(small());
  expect(kept()).toMatch(/conv 1x1.*conv depthwise|conv depthwise.*conv 1x1/);
  expect(kept()).not.toContain('conv5x5');
  gpu.dispose();
});
