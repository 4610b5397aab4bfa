import { expect, it } from 'vitest';
import { subgroupsWork } from '../../src/gpu/subgroups';
import { testGpu } from '../support/gpu';

it('the subgroups that the adapter announces work', async () => {
  const { device, capabilities } = await testGpu();
  const lanes = capabilities.subgroupSize;
  console.log(`subgroups of ${lanes || 'no fixed number of'} lanes`);
  expect(await subgroupsWork(device, lanes)).toBe(lanes > 0);
});

it('lanes in another order or number are noticed', async () => {
  const { device, capabilities } = await testGpu();
  expect(await subgroupsWork(device, 2 * (capabilities.subgroupSize || 4))).toBe(false);
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
  expect(await subgroupsWork(without, 4)).toBe(false);
});
