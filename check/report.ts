/** What a check of a GPU found, and how it is told. */

export interface Progress {
  /** Kernels that are done, and all of them. */
  done: number;
  total: number;
  kernel: string;
}

export interface CheckReport {
  adapter: string;
  subgroups: [number, number];
  features: string[];
  seconds: number;
  cases: number;
  kernels: number;
  /** What is wrong: the case and the first words of what was found. */
  wrong: { test: string; reason: string }[];
}

/** What a person can send to somebody. @param where the browser or runtime */
export function checkText(report: CheckReport, where: string): string {
  const { adapter, subgroups, features, seconds, cases, kernels, wrong } = report;
  const verdict =
    wrong.length === 0
      ? `All ${cases} cases of ${kernels} kernels are right`
      : `${wrong.length} of ${cases} cases of ${kernels} kernels are wrong`;
  return [
    `facegrad checked this GPU: ${verdict}, in ${seconds.toFixed(1)} s.`,
    `GPU: ${adapter}`,
    `Where: ${where}`,
    `Subgroups: ${subgroups[1] > 0 ? `${subgroups[0]} to ${subgroups[1]} lanes` : 'none'}`,
    `Features: ${features.join(', ') || 'none'}`,
    ...wrong.map(({ test, reason }) => `${test}: ${reason}`),
    '',
  ].join('\n');
}
