import { fromLink, toLink } from '../../learn/link';

/** A result as it goes into a link: what was measured, where, and when. */
export interface Shared {
  date: string;
  adapter: string;
  browser: string;
  results: Result[];
}

export interface Result {
  problem: string;
  ms: number;
  gflops: number;
  /** Whose time it is, if not ours. */
  library?: string;
}

const TITLES: Record<string, string> = {
  'tfjs webgpu': 'TensorFlow.js',
  'jax-js webgpu': 'jax-js',
  'onnxruntime webgpu': 'onnxruntime',
};

/** A library as people call it. */
export const titleOf = (library: string): string => TITLES[library] ?? library;

const NAME = 'result';
/** Longer texts and lists are none that this page made. */
const [LONGEST_TEXT, MOST_RESULTS] = [120, 100];

/** The part of a link behind `#`, which browsers send to nobody. */
export function toHash({ date, adapter, browser, results }: Shared): string {
  const rows = results.map(({ problem, ms, gflops, library }) => [
    problem,
    round(ms),
    round(gflops),
    ...(library ? [library] : []),
  ]);
  const text = JSON.stringify([date, adapter, browser, rows]);
  return `#${NAME}=${toLink(new TextEncoder().encode(text))}`;
}

const round = (value: number) => Number(value.toPrecision(4));

/** @returns undefined where the link holds no result, or something that is none */
export function fromHash(hash: string): Shared | undefined {
  const text = new URLSearchParams(hash.slice(1)).get(NAME);
  if (!text) return undefined;
  try {
    const json = new TextDecoder().decode(fromLink(text));
    const [date, adapter, browser, rows] = JSON.parse(json) as unknown[];
    if (![date, adapter, browser].every(isText) || !Array.isArray(rows)) return undefined;
    if (rows.length === 0 || rows.length > MOST_RESULTS || !rows.every(isRow)) return undefined;
    const results = rows.map(([problem, ms, gflops, library]) => ({
      problem,
      ms,
      gflops,
      ...(library && { library }),
    }));
    return { date, adapter, browser, results } as Shared;
  } catch {
    return undefined; // cut off on its way, or made up
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LONGEST_TEXT;

type Row = [problem: string, ms: number, gflops: number, library?: string];

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row)) return false;
  const [problem, ms, gflops, ...library] = row as unknown[];
  return (
    isText(problem) &&
    [ms, gflops].every((n) => typeof n === 'number' && Number.isFinite(n) && n > 0) &&
    library.length <= 1 &&
    library.every(isText)
  );
}

/** `Chrome 156` of a user agent string; the begin of it where it is another browser's. */
export function browserName(agent: string): string {
  const known = /(Edg|Firefox)\/(\d+)/.exec(agent) ?? /(Chrome)\/(\d+)/.exec(agent);
  if (known) return `${known[1] === 'Edg' ? 'Edge' : known[1]} ${known[2]}`;
  const safari = /Version\/(\d+).* Safari/.exec(agent);
  return safari ? `Safari ${safari[1]}` : agent.slice(0, LONGEST_TEXT);
}
