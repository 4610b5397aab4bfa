import { milliseconds } from '../../bench/report/columns';
import { titleOf, type Result } from './share';

/** How many libraries' times are among them decides what a bar is compared with, and whether it is named. */
const isRace = (results: readonly Result[]) => results.some(({ library }) => library);

/** How long a bar is: its speed beside the fastest of all, in a race beside the fastest in the same problem. */
export function barLength(result: Result, all: readonly Result[]): number {
  const rivals = isRace(all) ? all.filter(({ problem }) => problem === result.problem) : all;
  return result.gflops / Math.max(...rivals.map(({ gflops }) => gflops));
}

/** How fast each problem ran, ours and the others in a race; with a second result, both side by side. */
export function SpeedBars(props: { mine: readonly Result[]; theirs?: readonly Result[] }) {
  const { mine, theirs = [] } = props;
  const all = [...mine, ...theirs];
  const problems = [...new Set(all.map(({ problem }) => problem))];
  const race = isRace(all);
  return (
    <ul class="speed-bars" aria-label="Speed of each problem">
      {problems.map((problem) => (
        <li key={problem}>
          <span>{problem}</span>
          <span class="speed-pair">
            {[mine, theirs].map((results) =>
              results
                .filter((result) => result.problem === problem)
                .map((result) => (
                  <SpeedBar
                    key={`${results === mine} ${result.library}`}
                    result={result}
                    length={barLength(result, all)}
                    named={race}
                    shared={results === theirs}
                  />
                )),
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function SpeedBar(props: { result: Result; length: number; named: boolean; shared: boolean }) {
  const { result, length, named, shared } = props;
  const { ms, library } = result;
  const kinds = [named && 'named', shared && 'shared', library && 'other'].filter(Boolean);
  return (
    <span class={`speed-bar ${kinds.join(' ')}`}>
      {named && <span class="speed-name">{titleOf(library ?? 'facegrad')}</span>}
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect width={100 * length} height="10" />
      </svg>
      <span>
        {milliseconds(ms)} ms{shared && <span class="hidden-text">, shared</span>}
      </span>
    </span>
  );
}
