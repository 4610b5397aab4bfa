import type { Shared } from './share';

type Row = Shared['results'][number];

/** How fast each problem ran; with a second result, both side by side. The longest bar is the fastest of them all. */
export function SpeedBars({ mine, theirs }: { mine: readonly Row[]; theirs?: readonly Row[] }) {
  const fastest = Math.max(...[...mine, ...(theirs ?? [])].map(({ gflops }) => gflops));
  const problems = [...new Set([...mine, ...(theirs ?? [])].map(({ problem }) => problem))];
  return (
    <ul class="speed-bars" aria-label="Speed of each problem">
      {problems.map((problem) => {
        const own = mine.find((row) => row.problem === problem);
        const other = theirs?.find((row) => row.problem === problem);
        return (
          <li key={problem}>
            <span>{problem}</span>
            <span class="speed-pair">
              {own && <SpeedBar row={own} fastest={fastest} />}
              {other && <SpeedBar row={other} fastest={fastest} shared />}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function SpeedBar(props: { row: Row; fastest: number; shared?: boolean }) {
  const { row, fastest, shared } = props;
  return (
    <span class={`speed-bar ${shared ? 'shared' : ''}`}>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect width={(100 * row.gflops) / fastest} height="10" />
      </svg>
      <span>
        {row.ms.toPrecision(3)} ms{shared && <span class="hidden-text">, shared</span>}
      </span>
    </span>
  );
}
