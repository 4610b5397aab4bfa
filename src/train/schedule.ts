/** How the learning rate goes over a run. All are functions of the step alone, so a run can be resumed. */
export type ScheduleConfig =
  | { kind: 'constant'; warmup?: number }
  | { kind: 'cosine'; warmup?: number; final?: number }
  | { kind: 'one-cycle'; warmup?: number; start?: number; final?: number }
  | { kind: 'step'; warmup?: number; every: number; factor: number };

/**
 * Factor on the peak rate at a step.
 * @param step from 1 to `steps`
 * @param stepsPerEpoch for `step`, which counts epochs
 *
 * `warmup` is the share of all steps in which the rate rises (linearly; for `one-cycle` along a
 * cosine, from 1/25 of the peak to 4e-6 of it, as PyTorch's OneCycleLR), `final` the factor at the end.
 */
export function rateFactor(
  schedule: ScheduleConfig,
  step: number,
  steps: number,
  stepsPerEpoch: number,
): number {
  const t = step - 1;
  if (schedule.kind === 'one-cycle') {
    const { start = 1 / 25, final = 4e-6 } = schedule;
    const peak = Math.max(0, (schedule.warmup ?? 0) * steps - 1); // PyTorch's: not a whole number
    if (t < peak) return anneal(start, 1, t / peak);
    return anneal(1, final, (t - peak) / (steps - 1 - peak || 1));
  }
  const warmup = Math.round((schedule.warmup ?? 0) * steps);
  if (t < warmup) return (t + 1) / (warmup + 1);
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'cosine':
      return anneal(1, schedule.final ?? 0, (t - warmup) / Math.max(1, steps - 1 - warmup));
    case 'step':
      return schedule.factor ** Math.floor(t / stepsPerEpoch / schedule.every);
  }
}

/** From `a` to `b` along half a cosine, as `share` goes from 0 to 1. */
function anneal(a: number, b: number, share: number): number {
  return b + ((a - b) * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
}
