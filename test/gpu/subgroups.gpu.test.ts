import { expect, it } from 'vitest';
import { Gpu } from '../../src/gpu/device';
import { subgroupsWork } from '../../src/gpu/subgroups';
import { testGpu } from '../support/gpu';

it('the subgroups that the adapter announces work', async () => {
  const { device, capabilities } = await testGpu();
  const { subgroupMinSize, subgroupMaxSize } = capabilities;
  console.log(`subgroups of ${subgroupMinSize} to ${subgroupMaxSize} lanes`);
  expect(await subgroupsWork(device, capabilities)).toBe(subgroupMaxSize > 0);
});

it('subgroups of a size between the announced work', async () => {
  const { device, capabilities } = await testGpu();
  const sizes = { subgroupMinSize: 1, subgroupMaxSize: 128 };
  expect(await subgroupsWork(device, sizes)).toBe(capabilities.subgroupMaxSize > 0);
});

it('lanes of a size that was not announced are noticed', async () => {
  const { device, capabilities } = await testGpu();
  const { subgroupMinSize, subgroupMaxSize } = capabilities;
  const above = { subgroupMinSize: 2 * (subgroupMaxSize || 4), subgroupMaxSize: 128 };
  const below = { subgroupMinSize: 1, subgroupMaxSize: (subgroupMinSize || 4) / 2 };
  expect(await subgroupsWork(device, above)).toBe(false);
  expect(await subgroupsWork(device, below)).toBe(false);
});

it('what an adapter announces is what kernels go by, and nothing without the feature', async () => {
  const { device } = await testGpu();
  const info = { ...device.adapterInfo, subgroupMinSize: 8, subgroupMaxSize: 32 };
  const of = (features: string[]) => {
    const given = { features: new Set(features), limits: {}, lost: new Promise(() => {}) };
    const { capabilities } = new Gpu(given as unknown as GPUDevice, info);
    return [capabilities.subgroupMinSize, capabilities.subgroupMaxSize];
  };
  expect(of(['subgroups'])).toEqual([8, 32]);
  expect(of([])).toEqual([0, 0]);
});

it('a shader that does not compile is no exception', async () => {
  const { device } = await testGpu();
  const without = new Proxy(device, {
    get(target, key) {
      if (key === 'createComputePipelineAsync')
        return () => Promise.reject(new Error('no subgroups'));
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  expect(await subgroupsWork(without, { subgroupMinSize: 4, subgroupMaxSize: 64 })).toBe(false);
});
