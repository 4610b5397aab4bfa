import { useEffect, useRef, useState } from 'preact/hooks';
import type { Problem } from '../../learn/check';
import { gpuLine, machine } from '../../learn/client';
import type { Move, View } from '../../learn/debug';
import { starter, type Exercise } from '../../learn/exercise';
import { guard } from '../../learn/guard';
import { keep, kept, toHash, type Shared } from '../../learn/keep';
import steps from '../../learn/step.json';
import { fileOf } from '../../src/gpu/pipelines';
import { keepOwnKernel } from '../shared/own_kernel';
import { Button } from '../shared/widgets';
import { Debugger } from './debugger';
import type { Editor } from './editor';
import { Words } from './words';

interface Verdict {
  good: boolean;
  title: string;
  lines: Problem[];
}

/** An exercise: the file in an editor, what a check says of it, the debugger with its picture, hints and the solution. */
export function ExerciseView(props: { lesson: string; exercise: Exercise; shared: Shared | null }) {
  const { lesson, exercise, shared } = props;
  const key = `${lesson}/${exercise.id}`;
  const begin = starter(exercise);
  const [text, setText] = useState(shared?.text ?? kept().texts[key] ?? begin);
  const [solved, setSolved] = useState(kept().solved[key] ?? false);
  const [busy, setBusy] = useState('');
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [moves, setMoves] = useState<readonly Move[]>(shared?.moves ?? ['end']);
  const [thread, setThread] = useState(shared?.thread ?? 0);
  const [view, setView] = useState<View | null>(null);
  const [hints, setHints] = useState(0);
  const [copied, setCopied] = useState('');
  const host = useRef<HTMLDivElement>(null);
  const editing = useRef<Editor | null>(null);
  const go = useRef((_: Move) => {});
  const where = { lesson, exercise: exercise.id };

  /** Another text from outside. What is typed goes the other way alone: a key may come before the page has drawn the last. */
  const put = (text: string) => {
    setText(text);
    editing.current?.set(text);
  };
  const solution = exercise.shader.code;
  const [before, setBefore] = useState('');

  useEffect(() => {
    let left = false;
    void import('./editor').then(({ editor }) => {
      if (left) return;
      editing.current = editor(host.current!, text, {
        label: `${exercise.title}: ${exercise.shader.path}`,
        onChange: setText,
        onLine: (line) => go.current(`${threadNow.current}:${line}`),
      });
    });
    return () => {
      left = true;
      editing.current?.destroy();
    };
  }, []);

  useEffect(() => {
    keep(({ texts }) => {
      if (text === begin) delete texts[key];
      else texts[key] = text;
    });
  }, [text]);

  // The picture follows the text, a moment after the last key.
  useEffect(() => {
    let left = false;
    const timer = setTimeout(
      async () => {
        const answer = await machine.ask({ ask: 'view', ...where, code: text, moves, thread });
        if (left) return;
        if ('view' in answer) setView(answer.view);
        else if ('error' in answer) {
          setView(null);
          if (verdict) return;
          editing.current?.mark([{ line: answer.line, text: answer.error }]);
        }
      },
      view && text !== drawn.current ? 400 : 0,
    );
    drawn.current = text;
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [text, moves, thread]);

  const drawn = useRef(text);
  const threadNow = useRef(thread);
  threadNow.current = thread;
  go.current = (move) => setMoves(moves[moves.length - 1] === 'end' ? [move] : [...moves, move]);
  const stepping = moves[moves.length - 1] !== 'end';
  useEffect(() => {
    editing.current?.goTo(stepping && view ? view.threads[thread % view.size].line : 0);
  }, [view, thread, stepping]);

  const tell = (verdict: Verdict) => {
    setVerdict(verdict);
    setCopied('');
    setBusy('');
    editing.current?.mark(verdict.lines);
  };
  const onCheck = async (): Promise<boolean> => {
    setBusy('Checking …');
    const answer = await machine.ask({ ask: 'check', ...where, code: text });
    if (!('report' in answer)) {
      const { error, line } = answer as { error: string; line?: number };
      tell({
        good: false,
        title: 'It cannot be run',
        lines: [{ kind: 'text', line, text: error }],
      });
      return false;
    }
    const { problems, dispatches, cost } = answer.report;
    const good = problems.length === 0;
    if (good) {
      keep((all) => (all.solved[key] = true));
      setSolved(true);
    }
    const count = Number(cost.reads.toFixed(2));
    const reads = `${count} ${count === 1 ? 'read' : 'reads'} of storage for each number of the answer`;
    tell({
      good,
      title: good
        ? `Right, in ${dispatches} dispatches of different sizes; ${reads}`
        : problems[0].kind === 'text'
          ? 'It cannot be run'
          : 'Not yet',
      lines: problems.slice(0, 6),
    });
    return good;
  };
  const onGpu = async (ask: 'run' | 'time') => {
    // The machine goes first: what ends there and stays within its buffers does no harm on a GPU.
    if (!(await onCheck())) return;
    setBusy(ask === 'run' ? 'Running on the GPU …' : 'Timing …');
    const answer = await gpuLine.ask({ ask, ...where, code: text });
    if ('wrong' in answer) {
      const { wrong, line } = answer;
      const title = `On the GPU${answer.adapter && ` (${answer.adapter})`}`;
      tell({ good: false, title, lines: [{ kind: 'value', line, text: wrong }] });
    } else if ('milliseconds' in answer) {
      const [yours, ours] = answer.milliseconds.map((ms) => `${Number(ms.toPrecision(3))} ms`);
      tell({
        good: true,
        title: `A dispatch takes ${yours} with your text, ${ours} with the original, on ${answer.adapter}`,
        lines: [],
      });
    } else tell({ good: true, title: `The GPU agrees: ${answer.adapter}`, lines: [] });
  };
  const share = async () => {
    const hash = toHash({
      exercise: exercise.id,
      text: text === begin ? undefined : text,
      moves,
      thread,
    });
    if (!hash) return setCopied('The text is too long for a link.');
    history.replaceState(null, '', hash);
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    const holds = 'your text, the chosen thread and the steps you have taken';
    setCopied(copied ? `Copied a link that holds ${holds}.` : `The address now holds ${holds}.`);
  };
  const onTrain = (event: Event) => {
    try {
      keepOwnKernel({ file, code: guard(text) });
    } catch {
      event.preventDefault();
      setCopied('This browser does not let the page store the kernel for the demo.');
    }
  };
  const withGpu = 'gpu' in navigator;
  const file = fileOf(exercise.shader);

  return (
    <div class="exercise-body">
      <div class="work">
        <div class="editor" ref={host}>
          <pre slot="none">{text}</pre>
        </div>
        <pre class="printed">{text === solution ? begin : text}</pre>
        <div class="row" role="group" aria-label="What to do with the text">
          <Button kind="primary" disabled={busy !== ''} onClick={onCheck}>
            Check
          </Button>
          <Button
            disabled={busy !== '' || !withGpu}
            title={withGpu ? undefined : 'This browser gives no GPU to this page'}
            onClick={() => onGpu('run')}
          >
            Run on the GPU
          </Button>
          {exercise.timed && (
            <Button
              disabled={busy !== '' || !withGpu}
              title="Times your text and the original on this GPU"
              onClick={() => onGpu('time')}
            >
              Time
            </Button>
          )}
          <Button kind="quiet" disabled={text === begin} onClick={() => put(begin)}>
            Start over
          </Button>
          <Button kind="quiet" onClick={share}>
            Link
          </Button>
          {verdict?.good && file in steps && (
            <a class="button quiet" href="./index.html" onClick={onTrain}>
              Train the demo with it
            </a>
          )}
          {solved && <span class="solved">✓ Solved</span>}
        </div>
        {!withGpu && (
          <p class="muted small">
            This browser has no WebGPU, so nothing runs on a GPU here. All else works.
          </p>
        )}
        <div class="verdict" role="status" data-good={verdict?.good}>
          {busy || (
            <>
              {verdict && <strong>{verdict.title}</strong>}
              <ul>
                {verdict?.lines.map(({ text, line, dispatch }) => (
                  <li key={text}>
                    {line && !text.includes('line ') ? `line ${line}: ` : ''}
                    {text}
                    {dispatch && (
                      <span class="muted">
                        {' '}
                        ({dispatch === exercise.shown.name
                          ? 'the case shown'
                          : 'a hidden case'}: {dispatch})
                      </span>
                    )}
                  </li>
                ))}
              </ul>
              {copied && <p class="muted small">{copied}</p>}
            </>
          )}
        </div>
        <div class="row hints">
          {hints < exercise.hints.length && (
            <Button kind="quiet" onClick={() => setHints(hints + 1)}>
              {hints === 0 ? 'A hint' : 'Another hint'}
            </Button>
          )}
          {text === solution && before ? (
            <Button kind="quiet" onClick={() => put(before)}>
              Back to my text
            </Button>
          ) : (
            <Button
              kind="quiet"
              onClick={() => {
                if (text !== solution) setBefore(text);
                put(solution);
              }}
            >
              The solution
            </Button>
          )}
        </div>
        {exercise.hints.slice(0, hints).map((hint) => (
          <p key={hint} class="hint">
            <Words text={hint} />
          </p>
        ))}
      </div>
      {view && (
        <Debugger
          {...{ view, text, moves, thread, stepping }}
          onMove={(move) => go.current(move)}
          onMoves={setMoves}
          onThread={setThread}
        />
      )}
    </div>
  );
}
