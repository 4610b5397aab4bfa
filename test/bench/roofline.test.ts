import { describe, expect, it } from 'vitest';
import { copyPeak } from '../../bench/peak/peak';
import { profileText, roofline } from '../../bench/report/roofline';
import { kernelGroup } from '../../src/kernels/groups';

const peak = {
  gflops: 100,
  gbytesPerSecond: 10,
  cached: [
    { bytes: 1e5, gbytesPerSecond: 20 },
    { bytes: 1e6, gbytesPerSecond: 40 },
    { bytes: 1e7, gbytesPerSecond: 15 },
  ],
  launchMs: 0.02,
};

describe('roofline', () => {
  it('takes the slowest of arithmetic, memory and launch for the roof', () => {
    // 1 GFLOP at 100 GFLOP/s takes 10 ms, 1 MB at 40 GB/s 0.025 ms.
    const least = { ms: 0.1, executed: 0, bytes: 4 };
    expect(roofline({ ms: 20, executed: 1e9, bytes: 1e6 }, peak)).toEqual({
      idealMs: 10,
      bound: 'arithmetic',
      distance: 2,
    });
    expect(roofline({ ms: 30, executed: 1e6, bytes: 1e8 }, peak)).toEqual({
      idealMs: 10,
      bound: 'memory',
      distance: 3,
    });
    expect(roofline(least, peak)).toEqual({ idealMs: 0.02, bound: 'launch', distance: 5 });
  });

  it('knows that caches are faster, and that a small copy is slower than its bytes', () => {
    expect(copyPeak(peak, 1e3)).toBe(40);
    expect(copyPeak(peak, 5e6)).toBe(40);
    expect(copyPeak(peak, 1e7)).toBe(15);
    expect(copyPeak(peak, 1e8)).toBe(10);
    expect(copyPeak({ ...peak, gbytesPerSecond: 18 }, 1e7)).toBe(18);
  });
});

describe('groups', () => {
  it('tell a layer from its gradients', () => {
    expect(kernelGroup('conv5x5.forward_subgroup')).toBe('convolution forward');
    expect(kernelGroup('conv5x5.backward_input_map6_subgroup')).toBe('convolution dx');
    expect(kernelGroup('conv5x5.flip_weights')).toBe('convolution dx');
    expect(kernelGroup('conv5x5.backward_weight_subgroup')).toBe('convolution dw');
    expect(kernelGroup('conv5x5.reduce_weight')).toBe('convolution dw');
    expect(kernelGroup('lstm.backward')).toBe('LSTM');
    expect(kernelGroup('something.new')).toBe('the rest');
  });
});

describe('profileText', () => {
  const dispatch = (label: string, ms: number, flops: number, executed = flops) => ({
    ...{ label, kernel: label.split('#')[0], ms, timed: true, flops, executed },
    bytes: 1e6,
  });
  const dispatches = [
    dispatch('dense.forward#0', 1, 1e7),
    dispatch('conv5x5.forward#1', 3, 1e8, 2e8),
    dispatch('dense.forward#2', 1, 1e7),
  ];
  const profile = { title: 'a step', method: 'timestamp queries', peak, dispatches };
  const text = profileText(profile);

  it('shows every dispatch in order with its share, and what it really does', () => {
    expect(text).toMatch(/dense\.forward#0 +1\.000 +20\.0 +10\.0 +10\.0/);
    expect(text).toMatch(/conv5x5\.forward#1 +3\.000 +60\.0 +33\.3 +66\.7 .* arithmetic +1\.5/);
    expect(text.indexOf('#0')).toBeLessThan(text.indexOf('#1'));
    expect(text).toContain('3 dispatches, 5.0 ms');
  });

  it("sums by group, the slowest first, under its dispatches' roofs together", () => {
    expect(text).toMatch(/dense +2 +2\.000 +40\.0 .* arithmetic +10\.0/);
    expect(text.lastIndexOf('convolution forward')).toBeLessThan(text.lastIndexOf('dense '));
  });

  it('marks what its clock could not time', () => {
    const short = { ...dispatch('lstm.forward#3', 0.0001, 0), timed: false };
    expect(text).not.toContain('too short');
    const marked = profileText({ ...profile, dispatches: [...dispatches, short] });
    expect(marked).toMatch(/lstm\.forward#3 +0\.000\? /);
    expect(marked).toMatch(/LSTM +1 +0\.000\? /);
    expect(marked).toContain('? too short for this clock');
  });
});
