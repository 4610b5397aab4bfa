import { describe, expect, it } from 'vitest';
import { groupOf, profileText, roofline } from '../../bench/report/roofline';

const peak = { gflops: 100, gbytesPerSecond: 10 };

describe('roofline', () => {
  it('takes the slower of arithmetic and memory for the roof', () => {
    // 1 GFLOP at 100 GFLOP/s takes 10 ms, 1 MB at 10 GB/s takes 0.1 ms.
    expect(roofline({ ms: 20, flops: 1e9, bytes: 1e6 }, peak)).toEqual({
      idealMs: 10,
      bound: 'arithmetic',
      distance: 2,
    });
    expect(roofline({ ms: 30, flops: 1e6, bytes: 1e8 }, peak)).toEqual({
      idealMs: 10,
      bound: 'memory',
      distance: 3,
    });
  });
});

describe('groups', () => {
  it('tell a layer from its gradients', () => {
    expect(groupOf('conv5x5.forward_subgroup')).toBe('convolution forward');
    expect(groupOf('conv5x5.backward_input_map6_subgroup')).toBe('convolution dx');
    expect(groupOf('conv5x5.flip_weights')).toBe('convolution dx');
    expect(groupOf('conv5x5.backward_weight_subgroup')).toBe('convolution dw');
    expect(groupOf('conv5x5.reduce_weight')).toBe('convolution dw');
    expect(groupOf('lstm.backward')).toBe('LSTM');
    expect(groupOf('something.new')).toBe('the rest');
  });
});

describe('profileText', () => {
  const text = profileText({
    title: 'a step',
    method: 'timestamp queries',
    peak,
    dispatches: [
      { label: 'dense.forward#0', kernel: 'dense.forward', ms: 1, flops: 1e7, bytes: 1e6 },
      { label: 'conv5x5.forward#1', kernel: 'conv5x5.forward', ms: 3, flops: 1e8, bytes: 1e6 },
      { label: 'dense.forward#2', kernel: 'dense.forward', ms: 1, flops: 1e7, bytes: 1e6 },
    ],
  });

  it('shows every dispatch in order with its share', () => {
    expect(text).toMatch(/dense\.forward#0 +1\.000 +20\.0 +10\.0/);
    expect(text.indexOf('#0')).toBeLessThan(text.indexOf('#1'));
    expect(text).toContain('3 dispatches, 5.0 ms');
  });

  it('sums by group, the slowest first', () => {
    expect(text).toMatch(/dense +2 +2\.000 +40\.0/);
    expect(text.lastIndexOf('convolution forward')).toBeLessThan(text.lastIndexOf('dense '));
  });
});
