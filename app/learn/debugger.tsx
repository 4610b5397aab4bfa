import type { Move, View } from '../../learn/debug';
import { Button } from '../shared/widgets';
import { Picture } from './picture';

/** Steps through the shown dispatch, and draws who touched what. */
export function Debugger(props: {
  view: View;
  moves: readonly Move[];
  thread: number;
  stepping: boolean;
  onMove(move: Move): void;
  onMoves(moves: readonly Move[]): void;
  onThread(thread: number): void;
}) {
  const { view, moves, thread, stepping, onMove, onMoves, onThread } = props;
  const { group, groups, size, threads, variables, problems, done } = view;
  const first = (done ? Math.floor(thread / size) : group) * size;
  const chosen = first + (thread % size);
  return (
    <div class="debugger">
      <div class="row" role="group" aria-label="Step through it">
        {stepping ? (
          <>
            <Button disabled={done} onClick={() => onMove(thread % size)}>
              Step thread {chosen}
            </Button>
            <Button disabled={done} onClick={() => onMove('all')}>
              Step all
            </Button>
            <Button disabled={done} onClick={() => onMove('barrier')}>
              To the barrier
            </Button>
            <Button disabled={moves.length === 0} onClick={() => onMoves(moves.slice(0, -1))}>
              Back
            </Button>
            <Button kind="quiet" onClick={() => onMoves(['end'])}>
              Leave
            </Button>
          </>
        ) : (
          <Button onClick={() => onMoves([])}>Step through it</Button>
        )}
        <span class="muted small" role="status">
          {where(view, stepping)}
        </span>
      </div>
      {stepping &&
        problems.map((problem) => (
          <p key={problem} class="problem">
            {problem}
          </p>
        ))}
      {groups > 1 && !stepping && (
        <label class="row small">
          Workgroup
          <input
            type="range"
            min={0}
            max={groups - 1}
            value={Math.floor(thread / size)}
            onInput={({ currentTarget }) =>
              onThread(Number(currentTarget.value) * size + (thread % size))
            }
          />
        </label>
      )}
      <div class="threads" role="group" aria-label="Threads">
        {threads.map(({ line, state }, i) => (
          <button
            key={i}
            type="button"
            aria-pressed={i === thread % size}
            data-state={stepping ? state : undefined}
            onClick={() => onThread(first + i)}
          >
            <b>{first + i}</b>
            {stepping && (
              <span>
                {state === 'done' ? 'done' : state === 'waits' ? `waits, ${line}` : `line ${line}`}
              </span>
            )}
          </button>
        ))}
      </div>
      <Picture view={view} thread={chosen} />
      {stepping && variables.length > 0 && (
        <dl class="variables" aria-label={`Variables of thread ${chosen}`}>
          {variables.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function where({ group, groups, barrier, done }: View, stepping: boolean): string {
  if (!stepping) return 'Choose a thread to see what it touches.';
  if (done) return 'All threads are done.';
  const passed = barrier ? `All threads met at the barrier of line ${barrier}. ` : '';
  return `${passed}Workgroup ${group + 1} of ${groups}. A click on a line number runs the thread to that line.`;
}
