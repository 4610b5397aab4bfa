import type { DispatchTime, Profile } from '../jobs/job';
import type { Peak } from '../peak/peak';
import { alignColumns } from './columns';

/** How near a dispatch comes to what the adapter allows. */
export interface Roofline {
  /** Milliseconds that it would take at the measured peak of whatever binds it. */
  idealMs: number;
  bound: 'arithmetic' | 'memory';
  /** ms / idealMs: 1 is the roof, 10 is ten times as slow. */
  distance: number;
}

export function roofline(
  { ms, flops, bytes }: Omit<DispatchTime, 'label' | 'kernel'>,
  peak: Peak,
): Roofline {
  const arithmetic = flops / peak.gflops / 1e6;
  const memory = bytes / peak.gbytesPerSecond / 1e6;
  const idealMs = Math.max(arithmetic, memory);
  return { idealMs, bound: arithmetic > memory ? 'arithmetic' : 'memory', distance: ms / idealMs };
}

/** What a step is made of, by the first word that fits. */
const GROUPS: [string, RegExp][] = [
  ['convolution forward', /^conv5x5\.(?!.*(backward|flip|reduce)).*forward/],
  ['convolution dx', /^conv5x5\.(backward_input|flip)/],
  ['convolution dw', /^conv5x5\.(backward_weight|reduce)/],
  ['batch norm, ReLU, pool', /^(bn_relu_pool|batch_norm|max_pool)\./],
  ['dense', /^dense\./],
  ['LSTM', /^lstm\./],
  ['augmentation', /^augment/],
  ['preprocessing', /^(canny|distance|edge|grey|histogram|standardize|resize|equalization)/],
  ['optimizer', /^optimizer\.|^(adam|sgd|clip|sum_of_squares)/],
];

export function groupOf(kernel: string): string {
  return GROUPS.find(([, pattern]) => pattern.test(kernel))?.[0] ?? 'the rest';
}

/** A table of dispatches, and sums by group. */
export function profileText({ title, method, peak, dispatches }: Profile): string {
  const total = dispatches.reduce((sum, { ms }) => sum + ms, 0);
  const cells = (times: { ms: number; flops: number; bytes: number }) => {
    const { bound, distance } = roofline(times, peak);
    return [
      times.ms.toFixed(3),
      ((100 * times.ms) / total).toFixed(1),
      times.flops ? (times.flops / times.ms / 1e6).toFixed(1) : '-',
      (times.bytes / 1e6).toFixed(2),
      (times.bytes / times.ms / 1e6).toFixed(2),
      bound,
      distance.toFixed(1),
    ];
  };
  const columns = ['ms', '%', 'GFLOP/s', 'MB', 'GB/s', 'bound by', 'x roof'];
  const rows = dispatches.map((d) => [d.label, ...cells(d)]);
  const names = [...new Set(dispatches.map(({ kernel }) => groupOf(kernel)))];
  const groups = names.map((name) => {
    const members = dispatches.filter(({ kernel }) => groupOf(kernel) === name);
    const sum = (key: 'ms' | 'flops' | 'bytes') => members.reduce((s, d) => s + d[key], 0);
    const times = { ms: sum('ms'), flops: sum('flops'), bytes: sum('bytes') };
    return { times, row: [name, `${members.length}`, ...cells(times)] };
  });
  groups.sort((a, b) => b.times.ms - a.times.ms);
  return [
    title,
    `each dispatch by itself, ${method}; peak ${peak.gflops.toFixed(1)} GFLOP/s, ${peak.gbytesPerSecond.toFixed(1)} GB/s`,
    '',
    alignColumns([['dispatch', ...columns], ...rows], 1),
    '',
    alignColumns([['group', 'dispatches', ...columns], ...groups.map(({ row }) => row)], 1),
    '',
    `${dispatches.length} dispatches, ${total.toFixed(1)} ms`,
  ].join('\n');
}
