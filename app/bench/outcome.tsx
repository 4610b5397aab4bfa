import type { Measurement } from '../../bench/versus/versus';
import { titleOf } from './share';

/** In words, how much longer the others took in a race, and why one did not run. */
export function Outcome({ measurements }: { measurements: readonly Measurement[] }) {
  const problems = [...new Set(measurements.map(({ problem }) => problem))];
  const raced = problems.map((name) => measurements.filter(({ problem }) => problem === name));
  return (
    <ul class="outcome" aria-label="Outcome of the race">
      {raced
        .filter(({ length }) => length > 1)
        .map(([ours, ...others]) => (
          <li key={ours.problem}>
            <strong>{ours.problem}</strong>, compared with facegrad:{' '}
            {others.map((m) => `${titleOf(m.library)} ${verdict(m, ours)}`).join('; ')}.
          </li>
        ))}
    </ul>
  );
}

/** To be put behind a library's name: by the medians, as the bars are. */
export function verdict({ ms, refused }: Measurement, ours: Measurement): string {
  if (!ms) return `has no time (${refused})`;
  if (!ours.ms) return 'ran alone';
  const ratio = ms.median / ours.ms.median;
  const times = (value: number) => `${value.toPrecision(value < 10 ? 2 : 3)} times`;
  if (ratio >= 1.05) return `took ${times(ratio)} as long`;
  if (ratio <= 0.95) return `was ${times(1 / ratio)} as fast`;
  return 'was as fast';
}
