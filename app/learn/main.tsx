import { render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Exercise } from '../../learn/exercise';
import { fromHash, kept } from '../../learn/keep';
import { lesson } from '../../learn/lessons';
import { mountPage } from '../shared/shell';
import { openForClass } from './class';
import { ExerciseView } from './exercise';
import { LadderView } from './ladder';
import { Progress } from './progress';
import { asWritten } from './source';
import { Words } from './words';
import './learn.css';

const prose = document.getElementById('prose')!;
const name = prose.dataset.lesson;
const shared = fromHash(location.hash);

/** The text stands in the page before any script; here it moves into the shell. */
function Page() {
  const here = useRef<HTMLDivElement>(null);
  // Before the shell is seen without it.
  useLayoutEffect(() => {
    here.current!.append(prose);
    if (name) void showAll(name);
    else {
      showProgress();
      const last = document.createElement('section');
      prose.append(last);
      render(<Progress onRead={showProgress} />, last);
    }
  }, []);
  return <div ref={here} />;
}

async function showAll(name: string): Promise<void> {
  const { exercises, ladder } = await lesson(name);
  (await Promise.all(exercises.map(asWritten))).forEach(show);
  if (!ladder) return;
  const rungs = await Promise.all(ladder.rungs.map(asWritten));
  const { body } = place('ladder', ladder.title);
  render(<LadderView lesson={name} ladder={{ ...ladder, rungs }} />, body);
}

/** Where the text has a place for it, else before the end of the page. */
function place(id: string, title: string, task = '') {
  let box = document.getElementById(id);
  if (!box) {
    box = document.createElement('section');
    Object.assign(box, { id, className: 'exercise card' });
    render(
      <>
        <h3>{title}</h3>
        <p>
          <Words text={task} />
        </p>
      </>,
      box,
    );
    prose.lastElementChild!.before(box);
  }
  const body = document.createElement('div');
  box.append(body);
  return { box, body };
}

function show(exercise: Exercise): void {
  const { id, title, task } = exercise;
  const { box, body } = place(id, title, task);
  const given = shared?.exercise === id ? shared : null;
  render(<ExerciseView lesson={name!} exercise={exercise} shared={given} />, body);
  if (given) box.scrollIntoView();
}

/** On the page of all lessons: which of their exercises were solved here. */
function showProgress(): void {
  const { solved } = kept();
  for (const link of document.querySelectorAll<HTMLElement>('[data-exercises]')) {
    const { lesson, exercises } = link.dataset;
    const done = Object.keys(solved).filter((key) => key.startsWith(`${lesson}/`)).length;
    if (done > 0) link.textContent = `${done} of ${exercises} solved`;
  }
}

openForClass(prose);
mountPage('learn', <Page />);
