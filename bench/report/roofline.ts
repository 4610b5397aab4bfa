import { kernelGroup } from '../../src/kernels/groups';
import type { DispatchTime, Profile } from '../jobs/job';
import { copyPeak, type Peak } from '../peak/peak';
import { alignColumns } from './columns';

/** How near a dispatch comes to what the adapter allows. */
export interface Roofline {
  /** Milliseconds that it would take at the measured peak of whatever binds it. */
  idealMs: number;
  bound: 'arithmetic' | 'memory' | 'launch';
  /** ms / idealMs: 1 is the roof, 10 is ten times as slow. */
  distance: number;
}

export function roofline(
  { ms, executed, bytes }: Pick<DispatchTime, 'ms' | 'executed' | 'bytes'>,
  peak: Peak,
): Roofline {
  const times = {
    arithmetic: executed / peak.gflops / 1e6,
    memory: bytes / copyPeak(peak, bytes) / 1e6,
    launch: peak.launchMs,
  };
  const idealMs = Math.max(...Object.values(times));
  const bound = (Object.keys(times) as (keyof typeof times)[]).find((k) => times[k] === idealMs)!;
  return { idealMs, bound, distance: ms / idealMs };
}

/** Behind a time that the clock is too coarse for. */
const UNTIMED = '?';

/** A table of dispatches, and sums by group, whose roof is the sum of its dispatches' roofs. */
export function profileText({ title, method, peak, dispatches }: Profile): string {
  const total = dispatches.reduce((sum, { ms }) => sum + ms, 0);
  const cells = (members: DispatchTime[]) => {
    const sum = (of: (d: DispatchTime) => number) => members.reduce((s, d) => s + of(d), 0);
    const [ms, flops, bytes] = [sum((d) => d.ms), sum((d) => d.flops), sum((d) => d.bytes)];
    const roofs = members.map((d) => roofline(d, peak));
    const idealMs = roofs.reduce((s, roof) => s + roof.idealMs, 0);
    const most = roofs.reduce((a, b) => (b.idealMs > a.idealMs ? b : a));
    return [
      ms.toFixed(3) + (members.every(({ timed }) => timed) ? '' : UNTIMED),
      ((100 * ms) / total).toFixed(1),
      flops ? (flops / ms / 1e6).toFixed(1) : '-',
      flops ? (sum((d) => d.executed) / ms / 1e6).toFixed(1) : '-',
      (bytes / 1e6).toFixed(2),
      (bytes / ms / 1e6).toFixed(2),
      most.bound,
      (ms / idealMs).toFixed(1),
    ];
  };
  const columns = ['ms', '%', 'GFLOP/s', 'executed', 'MB', 'GB/s', 'bound by', 'x roof'];
  const rows = dispatches.map((d) => [d.label, ...cells([d])]);
  const names = [...new Set(dispatches.map(({ kernel }) => kernelGroup(kernel)))];
  const groups = names.map((name) => {
    const members = dispatches.filter(({ kernel }) => kernelGroup(kernel) === name);
    const ms = members.reduce((sum, d) => sum + d.ms, 0);
    return { ms, row: [name, `${members.length}`, ...cells(members)] };
  });
  groups.sort((a, b) => b.ms - a.ms);
  const copies = [...peak.cached, { bytes: Infinity, gbytesPerSecond: peak.gbytesPerSecond }]
    .map(({ gbytesPerSecond }) => gbytesPerSecond.toFixed(1))
    .join(', ');
  const untimed = dispatches.some(({ timed }) => !timed);
  return [
    title,
    `each dispatch by itself, ${method}${untimed ? `; ${UNTIMED} too short for this clock` : ''}`,
    `peak ${peak.gflops.toFixed(1)} GFLOP/s; ${copies} GB/s, small to large; a launch ${(1000 * peak.launchMs).toFixed(0)} µs`,
    '',
    alignColumns([['dispatch', ...columns], ...rows], 1),
    '',
    alignColumns([['group', 'dispatches', ...columns], ...groups.map(({ row }) => row)], 1),
    '',
    `${dispatches.length} dispatches, ${total.toFixed(1)} ms`,
  ].join('\n');
}
