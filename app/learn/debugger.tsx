import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Move, View } from '../../learn/debug';
import { Button } from '../shared/widgets';
import { forClass } from './class';
import { Picture } from './picture';

/** Steps through the shown dispatch, and draws who touched what. */
export function Debugger(props: {
  view: View;
  /** The file. */
  text: string;
  moves: readonly Move[];
  thread: number;
  stepping: boolean;
  onMove(move: Move): void;
  onMoves(moves: readonly Move[]): void;
  onThread(thread: number): void;
}) {
  const { view, text, moves, thread, stepping, onMove, onMoves, onThread } = props;
  const { group, groups, size, threads, variables, problems, done } = view;
  const first = (done ? Math.floor(thread / size) : group) * size;
  const chosen = first + (thread % size);
  const here = threads[thread % size];
  const box = useRef<HTMLDivElement>(null);
  useArrows(box, stepping, (key) => {
    if (key === 'ArrowLeft') onMoves(moves.slice(0, -1));
    else if (!done) onMove(key === 'ArrowDown' ? 'barrier' : 'all');
  });
  return (
    <div class="debugger" ref={box}>
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
      {stepping && (
        <div aria-live="polite">
          {problems.map((problem) => (
            <p key={problem} class="problem">
              {problem}
            </p>
          ))}
        </div>
      )}
      {groups > 1 && !stepping && (
        <label class="row small">
          Workgroup {Math.floor(thread / size)}
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
      {stepping && here.state !== 'done' && (
        <p class="at">
          Thread {chosen}, line {here.line}: <code>{text.split('\n')[here.line - 1]?.trim()}</code>
        </p>
      )}
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

/** Before a class the keys step: right all threads, down to the barrier, left back, in the debugger that is in view. */
function useArrows(
  box: RefObject<HTMLDivElement | null>,
  stepping: boolean,
  onKey: (key: string) => void,
): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    if (!stepping || !forClass) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const { key, target } = event;
      if (!['ArrowRight', 'ArrowDown', 'ArrowLeft'].includes(key)) return;
      if ((target as Element).closest('.editor, input')) return;
      const { top, bottom } = box.current!.getBoundingClientRect();
      if (bottom < innerHeight / 3 || top > (2 * innerHeight) / 3) return;
      event.preventDefault();
      latest.current(key);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [stepping]);
}

function where({ group, groups, barrier, done }: View, stepping: boolean): string {
  if (!stepping) return 'Choose a thread to see what it touches.';
  if (done) return 'All threads are done.';
  const passed = barrier ? `All threads met at the barrier of line ${barrier}. ` : '';
  const before = group > 0 ? `, those before it are done` : '';
  const inGroup = groups > 1 ? `Workgroup ${group}${before}. ` : '';
  return `${passed}${inGroup}Click a line number to run the thread that far.`;
}
