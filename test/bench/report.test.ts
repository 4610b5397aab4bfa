import { describe, expect, it } from 'vitest';
import { alignColumns } from '../../bench/report/columns';
import { reportPlot } from '../../bench/report/plot';
import {
  betweenMarks,
  compareText,
  mergeReports,
  ratioToOurs,
  reportMarkdown,
  reportText,
  type Report,
} from '../../bench/report/report';
import { spread } from '../../bench/versus/statistics';
import type { Measurement } from '../../bench/versus/versus';

function timed(problem: string, library: string, samples: number[]): Measurement {
  return { problem, library, samples, ms: spread(samples), gflops: 5, scriptMs: 0.05 };
}

function report(measurements: Measurement[], changes: Partial<Report> = {}): Report {
  return {
    date: '2026-01-02T03:04:05.000Z',
    commit: 'abcdef0123456789',
    runtime: 'chrome',
    where: { browser: 'Chrome/150', flags: '--flag' },
    cpu: '2 x CPU',
    facts: {
      adapter: { vendor: 'google', architecture: 'swiftshader', description: '', fallback: true },
      subgroups: [4, 4],
      features: [],
      peak: { gflops: 50, gbytesPerSecond: 10, cached: [], launchMs: 0.02 },
      dispatches: { small: 40 },
    },
    measurements,
    kernels: [],
    ...changes,
  };
}

const ours = timed('train small 16', 'facegrad', [1000, 1100, 1200]);
const theirs = timed('train small 16', 'jax-js webgpu', [4000, 4400, 4800]);
const refused: Measurement = {
  problem: 'train small 16',
  library: 'tfjs wasm',
  refused: 'no gradient of a convolution',
};

describe('ratios', () => {
  it('are taken to ours, round by round', () => {
    expect(ratioToOurs(theirs, [ours, theirs])?.value).toBe(4);
    expect(ratioToOurs(ours, [ours, theirs])).toBeUndefined();
    expect(ratioToOurs(theirs, [theirs])).toBeUndefined();
  });
});

describe('mergeReports', () => {
  it('has the order of the list of problems', () => {
    const infer = timed('infer small 1', 'facegrad', [50]);
    const merged = mergeReports([report([infer]), report([ours, theirs])]);
    expect(merged.measurements).toEqual([ours, theirs, infer]);
  });

  it('names the commits of all that it holds', () => {
    const older = report([ours], { commit: '0123456789abcdef' });
    expect(mergeReports([older, report([theirs])]).commit).toBe('0123456789, abcdef0123');
    expect(mergeReports([older, older]).commit).toBe('0123456789abcdef');
  });

  it('keeps what each of them ran on', () => {
    const native = report([theirs], { where: { browser: 'Chrome/150', pytorch: 'PyTorch 1.13' } });
    const { where } = mergeReports([native, report([ours])]);
    expect(where).toEqual({ browser: 'Chrome/150', flags: '--flag', pytorch: 'PyTorch 1.13' });
  });

  it('lets the later measurement of the same thing stand', () => {
    const again = timed('train small 16', 'facegrad', [900]);
    const other = timed('infer small 1', 'facegrad', [50]);
    const merged = mergeReports([report([ours, theirs]), report([again, other])]);
    expect(merged.measurements).toEqual([again, theirs, other]);
  });
});

describe('texts', () => {
  it('tell times, ratios, shares of the peak and refusals', () => {
    const text = reportText(report([ours, theirs, refused]));
    expect(text).toContain('google swiftshader, subgroups of 4');
    expect(text).toMatch(/jax-js webgpu +4\.40e\+3 .* 4\.00 +5\.0 +10\.0/);
    expect(text).toContain('no gradient of a convolution');
  });

  it('align their columns', () => {
    const rows = [
      ['a', 'long heading'],
      ['longer', '1'],
    ];
    expect(alignColumns(rows, 1)).toBe('a       long heading\nlonger             1');
  });

  it('compare with another run, case by case', () => {
    const before = report([timed('train small 16', 'facegrad', [2000, 2200, 2400])]);
    const text = compareText(report([ours, theirs]), before);
    expect(text).toMatch(/train small 16 +facegrad +2\.20e\+3 +1\.10e\+3 +0\.50 .* faster/);
    expect(text).not.toContain('jax-js');
  });

  it('say so when the runs have nothing in common, or another adapter', () => {
    const { facts } = report([]);
    const adapter = { ...facts.adapter, architecture: 'llvmpipe' };
    const before = report([timed('x', 'facegrad', [1])], { facts: { ...facts, adapter } });
    expect(compareText(report([ours]), before)).toMatch(/another adapter.*\nno cases in common/);
  });
});

describe('reportMarkdown', () => {
  it('is a table of problems by libraries', () => {
    const lines = reportMarkdown(report([ours, theirs, refused])).split('\n');
    expect(lines[2]).toBe('| | facegrad | jax-js webgpu | tfjs wasm |');
    expect(lines[4]).toBe('| train small 16 | **1100** | 4400 (4.0x) | – |');
    const late = { ...refused, refused: 'did not finish in 120 s' };
    expect(reportMarkdown(report([ours, theirs, late]))).toContain('| > 120 s |');
    expect(lines[0]).not.toContain('native');
    expect(lines[0]).not.toContain('CPU time');
    const busy = [
      { ...ours, cpuMs: 500 },
      { ...theirs, cpuMs: 1500 },
    ];
    expect(reportMarkdown(report(busy))).toMatch(/of CPU time[^]*4400 \(3\.0x\)/);
    const native = timed('train small 16', 'pytorch cpu', [100]);
    expect(reportMarkdown(report([ours, native]))).toContain('as a native reference');
  });
});

describe('betweenMarks', () => {
  it('replaces what stands between them, and only that', () => {
    const page = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n';
    const once = betweenMarks(page, 'new');
    expect(once).toBe('before\n<!-- bench:start -->\n\nnew\n\n<!-- bench:end -->\nafter\n');
    expect(betweenMarks(once, 'new')).toBe(once);
  });

  it('refuses a page without marks', () => {
    expect(() => betweenMarks('nothing', 'new')).toThrow('bench:start');
  });
});

describe('reportPlot', () => {
  it('draws a bar for every time, longer for slower', () => {
    const svg = reportPlot(report([ours, theirs, refused]));
    const bars = [...svg.matchAll(/<rect x="250" y="\d+" width="([\d.]+)"/g)].map((m) => +m[1]);
    expect(bars).toHaveLength(2);
    expect(bars[1]).toBeGreaterThan(bars[0]);
    expect(svg).not.toContain('NaN');
  });

  it('has nothing to draw without times', () => {
    expect(() => reportPlot(report([refused]))).toThrow('no times');
  });
});
