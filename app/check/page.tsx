import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { checkText, type CheckReport, type Progress } from '../../check/report';
import { NO_GPU } from '../shared/no_gpu';
import { Button, Card, Notice } from '../shared/widgets';
import type { CheckMessage, CheckRequest } from './messages';

const progress = signal<Progress | undefined>(undefined);
const report = signal<CheckReport | undefined>(undefined);
const problem = signal<{ title: string; text: string } | undefined>(undefined);
const copied = signal(false);
let worker: Worker | undefined;

const endedEarly = (text: string) => ({ title: 'The check ended early', text });

function stop(): void {
  worker?.terminate();
  worker = undefined;
  progress.value = undefined;
}

function start(): void {
  stop();
  report.value = problem.value = undefined;
  copied.value = false;
  worker = new Worker(new URL('./check.worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<CheckMessage>) => {
    if (data.type === 'progress') {
      progress.value = data.progress;
      return;
    }
    stop();
    if (data.type === 'done') report.value = data.report;
    else problem.value = data.noGpu ? NO_GPU : endedEarly(data.message);
  };
  worker.onerror = ({ message }) => {
    stop();
    problem.value = endedEarly(message || 'the worker could not be started');
  };
  progress.value = { done: 0, total: 1, kernel: 'Starting' };
  // `?only=KERNEL,…` in the address checks those alone.
  const only = new URLSearchParams(location.search).get('only')?.split(',');
  worker.postMessage({ only } satisfies CheckRequest);
}

export function CheckPage() {
  useEffect(() => stop, []);
  const now = progress.value;
  return (
    <>
      <div class="page-head">
        <h1>Check this GPU</h1>
        <p class="lead">
          Runs every kernel on this GPU, and compares the results with the same mathematics on the
          CPU. Nothing is sent anywhere; the result is text you can copy into a bug report.
        </p>
      </div>
      <div class="row">
        {now ? (
          <Button onClick={stop}>Stop</Button>
        ) : (
          <Button kind="primary" onClick={start}>
            Check this GPU
          </Button>
        )}
      </div>
      <p role="status" class="muted">
        {now && (
          <>
            <progress class="progress" aria-label="Progress" value={now.done} max={now.total} />{' '}
            {now.kernel}
          </>
        )}
      </p>
      {problem.value && <Notice kind="bad" {...problem.value} />}
      {report.value && <Result {...report.value} />}
    </>
  );
}

function Result(found: CheckReport) {
  const text = checkText(found, navigator.userAgent);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
  };
  return (
    <Card title={found.wrong.length === 0 ? 'Everything is right' : 'Something is wrong'}>
      <label class="hidden-text" for="share">
        The result as text
      </label>
      <textarea id="share" class="share" readOnly rows={10} value={text} />
      <div class="row">
        <Button onClick={() => void copy()}>{copied.value ? 'Copied' : 'Copy as text'}</Button>
      </div>
    </Card>
  );
}
