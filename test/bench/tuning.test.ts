import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../src/gpu/device';
import { bordered, f32 } from '../../src/kernels/kernel';
import { convKey, PLAIN, type Tuning } from '../../src/kernels/tuning';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import { maxPool } from '../../src/tape/operations/max_pool';
import { Tape } from '../../src/tape/tape';
import { state, Value } from '../../src/tape/value';
import { trainConfig } from '../../src/train/config';

const capabilities: Capabilities = {
  features: new Set(['subgroups']),
  limits: {} as GPUSupportedLimits,
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
};
const x = f32([1, 2, 16, 12, 12], bordered(12));

/** Names and attributes of what a convolution with its weight gradient records. */
function record(tuning?: Tuning, variant?: 'tiled') {
  const tape = new Tape(capabilities, tuning);
  const weight = state('weight', f32([1, 16, 5, 5, 32]));
  weight.grad = new Value('gradient', weight.spec, 'state');
  const input = state('x', x);
  const { y } = tape.apply(conv5x5, { x: input, weight }, { variant });
  tape.seed(y, state('dy', f32(y.shape, bordered(12))));
  tape.backward();
  return tape.dispatches.map(({ kernel, attributes }) => [kernel.name, attributes]);
}

const table = (choices: Tuning['conv5x5']): Tuning => ({ adapter: 'some', conv5x5: choices });

describe('a tuning table', () => {
  it('changes nothing for layers that it does not name', () => {
    expect(record(table({ 'forward 1x1x1x1x1->1': { variant: 'tiled' } }))).toEqual(record());
  });

  it('chooses the kernel of one pass of one layer', () => {
    const usual = record();
    const tuned = record(table({ [convKey('forward', x, 32)]: { variant: 'tiled' } }));
    expect(usual[0][0]).toBe('conv5x5.forward_subgroup');
    expect(tuned[0][0]).toBe('conv5x5.forward');
    expect(tuned.slice(1)).toEqual(usual.slice(1));
  });

  it('chooses how the weight gradient is split', () => {
    const choice = { variant: 'subgroup' as const, parts: 2 };
    const tuned = record(table({ [convKey('backward_weight', x, 32)]: choice }));
    expect(tuned[1]).toEqual([
      'conv5x5.backward_weight_subgroup8',
      expect.objectContaining({ parts: 2 }),
    ]);
    expect(tuned[2][0]).toBe('conv5x5.reduce_weight');
  });

  it('gives way to a variant that is asked for', () => {
    const tuned = table({ [convKey('forward', x, 32)]: { variant: 'subgroup' } });
    expect(record(tuned, 'tiled')).toEqual(record(undefined, 'tiled'));
  });

  it('can name the readable kernels for everything', () => {
    const names = record({
      ...table({ [convKey('forward', x, 32)]: { variant: 'tiled' } }),
      ...PLAIN,
    });
    expect(names.map(([name]) => name)).toEqual([
      'conv5x5.forward_plain',
      'conv5x5.backward_weight_plain',
    ]);
    const tape = new Tape(capabilities, PLAIN);
    const { y } = tape.apply(maxPool, { x: state('x', x) }, { window: 2 });
    expect(y.shape).toEqual([1, 2, 16, 6, 6]);
    expect(tape.dispatches[0].kernel.name).toBe('max_pool.forward');
  });

  it('is checked as part of a configuration', () => {
    const wrong = table({ layer: { variant: 'fastest' as 'tiled' } });
    expect(() => trainConfig('tiny', { tuning: wrong })).toThrow('tuning of layer');
    const none = table({ layer: { variant: 'tiled', parts: 0 } });
    expect(() => trainConfig('tiny', { tuning: none })).toThrow('tuning of layer');
    const other = { ...PLAIN, kernels: 'quick' as 'plain' };
    expect(() => trainConfig('tiny', { tuning: other })).toThrow('tuning of kernels');
    const good = table({ layer: { variant: 'tiled', parts: 4 } });
    expect(trainConfig('tiny', { tuning: good }).tuning).toEqual(good);
  });
});
