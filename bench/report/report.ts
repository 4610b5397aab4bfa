import { adapterName } from '../../src/gpu/device';
import type { Facts } from '../jobs/job';
import type { BenchResult } from '../versus/measure';
import { PROBLEMS } from '../versus/problems';
import { pairedRatio, runRatio, verdict, type Ratio } from '../versus/statistics';
import type { Measurement } from '../versus/versus';
import { alignColumns } from './columns';

/** Everything that one run found out, as `--save` writes it. */
export interface Report {
  date: string;
  commit: string;
  runtime: 'chrome' | 'node';
  /** Browser and flags, or Node and Dawn. */
  where: Record<string, string>;
  cpu: string;
  facts: Facts;
  measurements: Measurement[];
  kernels: BenchResult[];
}

const OURS = 'facegrad';
const NATIVE = 'pytorch cpu';

/**
 * Several runs on the same runtime as one, in the order of the list of problems: the later of two
 * measurements of the same thing stands.
 */
export function mergeReports(reports: Report[]): Report {
  const last = reports.at(-1)!;
  const measurements = new Map<string, Measurement>();
  const kernels = new Map<string, BenchResult>();
  for (const report of reports) {
    for (const m of report.measurements) measurements.set(`${m.problem}\n${m.library}`, m);
    for (const k of report.kernels) kernels.set(`${k.kernel}\n${k.name}`, k);
  }
  const rank = ({ problem }: Measurement) => PROBLEMS.findIndex(({ name }) => name === problem);
  const commits = [...new Set(reports.map(({ commit }) => commit.slice(0, 10)))];
  return {
    ...last,
    where: Object.assign({}, ...reports.map(({ where }) => where)) as Report['where'],
    commit: commits.length > 1 ? commits.join(', ') : last.commit,
    measurements: [...measurements.values()].sort((a, b) => rank(a) - rank(b)),
    kernels: [...kernels.values()],
  };
}

/** Commits, each cut to ten digits. */
const shortCommits = (commit: string) =>
  commit
    .split(', ')
    .map((one) => one.slice(0, 10))
    .join(', ');

const nameOf = ({ facts }: Report) => adapterName(facts.adapter);

const digits = (value: number | undefined) =>
  value === undefined || !Number.isFinite(value) ? '-' : value.toPrecision(3);
const fixed = (value: number | undefined, places = 1) =>
  value === undefined ? '-' : value.toFixed(places);
const mebibytes = (bytes: number | undefined) => fixed(bytes && bytes / 2 ** 20);

/** A library's time over ours, in the same rounds where there are any. */
export function ratioToOurs(measurement: Measurement, all: Measurement[]): Ratio | undefined {
  const ours = all.find(
    ({ problem, library }) => problem === measurement.problem && library === OURS,
  );
  if (!ours?.samples || !measurement.samples || ours === measurement) return undefined;
  return pairedRatio(measurement.samples, ours.samples);
}

/** The same in CPU time: what it is on an idle machine, where the adapter runs on the CPU. */
function cpuRatio(measurement: Measurement, all: Measurement[]): number | undefined {
  const ours = all.find(
    ({ problem, library }) => problem === measurement.problem && library === OURS,
  );
  if (!ours?.cpuMs || !measurement.cpuMs || ours === measurement) return undefined;
  return measurement.cpuMs / ours.cpuMs;
}

const HEADINGS = [
  'problem',
  'library',
  'ms',
  'quartiles',
  'x ours',
  'GFLOP/s',
  '% peak',
  'GB/s',
  'JS ms',
  'CPU ms',
  'x ours',
  'first ms',
  'dispatches',
  'submits',
  'objects',
  'MiB',
  'differs',
];

function row(m: Measurement, { facts: { peak }, measurements }: Report): string[] {
  if (m.refused !== undefined) {
    return [m.problem, m.library, '-', m.refused.slice(0, 60), ...HEADINGS.slice(4).map(() => '')];
  }
  const ratio = ratioToOurs(m, measurements);
  return [
    m.problem,
    m.library,
    digits(m.ms?.median),
    m.ms ? `${digits(m.ms.quartiles[0])}..${digits(m.ms.quartiles[1])}` : '-',
    digits(ratio?.value),
    fixed(m.gflops),
    fixed(m.gflops && (100 * m.gflops) / peak.gflops),
    fixed(m.gbytesPerSecond),
    m.scriptMs === undefined ? '-' : m.scriptMs.toPrecision(2),
    digits(m.cpuMs),
    digits(cpuRatio(m, measurements)),
    fixed(m.firstMs, 0),
    `${m.counts?.dispatches ?? '-'}`,
    `${m.counts?.submits ?? '-'}`,
    `${m.counts?.objects ?? '-'}`,
    mebibytes(m.memory),
    m.difference === undefined ? '-' : m.difference.toExponential(0),
  ];
}

/** Everything, for a terminal. */
export function subgroupText([least, most]: [number, number]): string {
  if (most === 0) return 'no subgroups';
  return `subgroups of ${least === most ? least : `${least} to ${most}`}`;
}

export function reportText(report: Report): string {
  const { facts, where, kernels, measurements } = report;
  const { peak, subgroups, dispatches } = facts;
  const counts = Object.entries(dispatches)
    .map(([preset, count]) => `${preset} ${count}`)
    .join(', ');
  const parts = [
    [
      `${nameOf(report)}, ${subgroupText(subgroups)}`,
      `measured peak: ${fixed(peak.gflops)} GFLOP/s in registers, ${fixed(peak.gbytesPerSecond)} GB/s copied`,
      ...Object.entries(where).map(([fact, value]) => `${fact}: ${value}`),
      `${report.cpu}, commit ${report.commit}, ${report.date}`,
      ...(counts ? [`dispatches of a training step: ${counts}`] : []), // the page records none
    ].join('\n'),
  ];
  if (measurements.length > 0) {
    parts.push(alignColumns([HEADINGS, ...measurements.map((m) => row(m, report))], 2));
  }
  if (kernels.length > 0) parts.push(kernelsText(kernels, facts));
  return parts.join('\n\n');
}

function kernelsText(kernels: BenchResult[], { peak }: Facts): string {
  const headings = ['kernel', 'case', 'ms', 'quartiles', 'GFLOP/s', '% peak', 'GB/s', '% peak'];
  const rows = kernels.map(({ kernel, name, ms, gflops, gbytesPerSecond }) => [
    kernel,
    name,
    digits(ms.median),
    `${digits(ms.quartiles[0])}..${digits(ms.quartiles[1])}`,
    gflops === null ? '-' : fixed(gflops),
    gflops === null ? '-' : fixed((100 * gflops) / peak.gflops),
    fixed(gbytesPerSecond),
    fixed((100 * gbytesPerSecond) / peak.gbytesPerSecond),
  ]);
  return alignColumns([headings, ...rows], 2);
}

/** What changed since another run, case by case, and whether noise explains it. */
export function compareText(now: Report, before: Report): string {
  const rows = [['case', 'library', 'before ms', 'now ms', 'ratio', 'noise allows', '']];
  for (const m of now.measurements) {
    const old = before.measurements.find(
      ({ problem, library }) => problem === m.problem && library === m.library,
    );
    if (m.ms && old?.ms) rows.push(compareRow(m.problem, m.library, m.ms, old.ms));
  }
  for (const k of now.kernels) {
    const old = before.kernels.find(({ kernel, name }) => kernel === k.kernel && name === k.name);
    if (old) rows.push(compareRow(`${k.kernel} ${k.name}`, OURS, k.ms, old.ms));
  }
  const other =
    nameOf(now) === nameOf(before)
      ? ''
      : `\nmeasured on another adapter (${nameOf(before)}): the ratios mean little`;
  const since = `since ${before.date}, commit ${before.commit}${other}`;
  return rows.length > 1 ? `${since}\n${alignColumns(rows, 2)}` : `${since}\nno cases in common`;
}

function compareRow(
  name: string,
  library: string,
  now: NonNullable<Measurement['ms']>,
  before: NonNullable<Measurement['ms']>,
): string[] {
  const ratio = runRatio(now, before);
  return [
    name,
    library,
    digits(before.median),
    digits(now.median),
    ratio.value.toFixed(2),
    `${ratio.low.toFixed(2)}..${ratio.high.toFixed(2)}`,
    verdict(ratio),
  ];
}

const LATE = /did not finish in \d+ s/;

/** The README's table: milliseconds by library, and how many times ours that is. */
export function reportMarkdown(report: Report): string {
  const { measurements } = report;
  const { peak, adapter } = report.facts;
  const { fallback } = adapter;
  const libraries = [...new Set(measurements.map(({ library }) => library))];
  const problems = [...new Set(measurements.map(({ problem }) => problem))];
  const cell = (problem: string, library: string) => {
    const m = measurements.find((x) => x.problem === problem && x.library === library);
    if (!m) return '';
    if (!m.ms) return LATE.exec(m.refused ?? '')?.[0].replace(/did not finish in/, '>') ?? '–';
    const onCpu = fallback ? cpuRatio(m, measurements) : undefined;
    const ratio = onCpu ?? ratioToOurs(m, measurements)?.value;
    const ms = m.ms.median;
    const time = ms >= 100 ? ms.toFixed(0) : ms.toPrecision(ms < 1 ? 2 : 3);
    return ratio ? `${time} (${ratio.toPrecision(2)}x)` : `**${time}**`;
  };
  const where = Object.entries(report.where)
    .filter(([fact]) => fact !== 'flags')
    .map(([, value]) => value)
    .join(', ');
  const timed = measurements.some(({ cpuMs }) => cpuMs);
  const counted = fallback && timed ? ', of CPU time, which other programs disturb less' : '';
  const native = libraries.includes(NATIVE)
    ? ` ${NATIVE}: the processor itself, without WebGPU, as a native reference.`
    : '';
  return [
    `_${nameOf(report)}; ${where}; ${report.cpu}; measured peak ${peak.gflops.toFixed(0)} GFLOP/s, ` +
      `${peak.gbytesPerSecond.toFixed(0)} GB/s. Milliseconds, with the multiple of ours in brackets${counted}; –: not supported, or its ` +
      `results are wrong; > N s: a single run took longer.${native} ${report.date.slice(0, 10)}, ${shortCommits(report.commit)}._`,
    '',
    `| | ${libraries.join(' | ')} |`,
    `| --- | ${libraries.map(() => '---:').join(' | ')} |`,
    ...problems.map(
      (problem) => `| ${problem} | ${libraries.map((l) => cell(problem, l)).join(' | ')} |`,
    ),
  ].join('\n');
}

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/**
 * A page with what stands between its marks replaced.
 * @throws Error when it has no marks
 */
export function betweenMarks(page: string, content: string): string {
  const begin = page.indexOf(START);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${START} … ${END}`);
  return `${page.slice(0, begin + START.length)}\n\n${content}\n\n${page.slice(end)}`;
}
