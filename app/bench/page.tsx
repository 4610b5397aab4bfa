import { signal } from '@preact/signals';
import { installed } from 'virtual:facegrad-peers/installed';
import { useEffect } from 'preact/hooks';
import { chooseProblems, PROBLEMS } from '../../bench/versus/problems';
import { milliseconds } from '../../bench/report/columns';
import { reportText, subgroupText, type Report } from '../../bench/report/report';
import type { Measurement } from '../../bench/versus/versus';
import { adapterName } from '../../src/gpu/device';
import { saveFile } from '../shared/save_file';
import { NO_GPU } from '../shared/no_gpu';
import { Button, Card, Notice } from '../shared/widgets';
import { SpeedBars } from './bars';
import { Outcome } from './outcome';
import { drawResult } from './picture';
import { browserName, fromHash, titleOf, toHash, type Shared } from './share';
import type { BenchMessage, BenchRequest } from './messages';

type Facts = Extract<BenchMessage, { type: 'facts' }>;

const OURS = 'facegrad';
const OTHERS = ['jax-js webgpu', 'tfjs webgpu', 'onnxruntime webgpu'];

const RACE = /^(infer small 1|train (small|vgg|mobilenet) 16)$/;
const QUICK = /^(train|infer|step) small (1|16)$|^conv5x5( d[xw])? \(8,64,24,24\)/;

const facts = signal<Facts | undefined>(undefined);
const measurements = signal<Measurement[]>([]);
const progress = signal<{ text: string; done: number; total: number } | undefined>(undefined);
const problem = signal<{ title: string; text: string } | undefined>(undefined);
const copied = signal<'text' | 'link' | undefined>(undefined);
/** A result that came with the address. */
const theirs = signal(fromHash(location.hash));
let worker: Worker | undefined;

const endedEarly = (text: string) => ({ title: 'The benchmark stopped early', text });

function stop(): void {
  worker?.terminate();
  worker = undefined;
  progress.value = undefined;
}

type Run = 'short' | 'full' | 'race';

function isChosen({ name, standard }: (typeof PROBLEMS)[number], run: Run): boolean {
  if (run === 'full') return standard;
  return (run === 'race' ? RACE : QUICK).test(name);
}

function start(run: Run): void {
  stop();
  facts.value = undefined;
  measurements.value = [];
  problem.value = undefined;
  copied.value = undefined;
  // `?only=PATTERN` in the address runs what fits it, whichever button is pressed.
  const only = new URLSearchParams(location.search).get('only');
  const chosen = only
    ? chooseProblems(only, true)
    : PROBLEMS.filter((entry) => isChosen(entry, run));
  const problems = chosen.map(({ name }) => name);
  worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<BenchMessage>) => {
    if (data.type === 'facts') facts.value = data;
    else if (data.type === 'measurement') {
      measurements.value = [...measurements.value, data.measurement];
    } else if (data.type === 'progress') progress.value = data;
    else {
      if (data.type === 'failed') problem.value = data.noGpu ? NO_GPU : endedEarly(data.message);
      stop();
    }
  };
  worker.onerror = ({ message }) => {
    problem.value = endedEarly(message || 'the worker could not be started');
    stop();
  };
  progress.value = { text: 'Starting', done: 0, total: problems.length + 1 };
  const libraries = [OURS, ...(run === 'race' ? OTHERS : [])];
  worker.postMessage({ problems, libraries } satisfies BenchRequest);
}

/** What a visitor can send to somebody. */
function shareable(): string {
  if (!facts.value) return '';
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    commit: 'the demo',
    runtime: 'chrome',
    where: { browser: navigator.userAgent },
    cpu: `${navigator.hardwareConcurrency} threads`,
    facts: { ...facts.value, dispatches: {} },
    measurements: measurements.value,
    kernels: [],
  };
  return reportText(report);
}

/** What was measured here, as it goes into a link and a picture; undefined while that is nothing. */
function ownResult(): Shared | undefined {
  const results = measurements.value.flatMap(({ problem, library, ms, gflops }) =>
    ms && gflops ? [{ problem, ms: ms.median, gflops, ...(library !== OURS && { library }) }] : [],
  );
  if (!facts.value || results.length === 0) return undefined;
  return {
    date: new Date().toISOString().slice(0, 10),
    adapter: adapterName(facts.value.adapter),
    browser: browserName(navigator.userAgent),
    results,
  };
}

export function BenchPage() {
  useEffect(() => {
    const followed = () => (theirs.value = fromHash(location.hash)); // a link opened in this tab
    addEventListener('hashchange', followed);
    return () => {
      removeEventListener('hashchange', followed);
      stop();
    };
  }, []);
  const running = progress.value !== undefined;
  return (
    <>
      <div class="page-head">
        <h1>Benchmark</h1>
        <p class="lead">
          How fast this browser and this GPU train and run the network. Nothing is sent anywhere;
          the result is yours to share. Close other busy programs and tabs first.
        </p>
      </div>
      <div class="row">
        {running ? (
          <Button onClick={stop}>Stop</Button>
        ) : (
          <>
            <Button kind="primary" onClick={() => start('short')}>
              Run the short benchmark
            </Button>
            <Button onClick={() => start('full')}>Run the full benchmark</Button>
            {installed && <Button onClick={() => start('race')}>Race other libraries</Button>}
          </>
        )}
      </div>
      <p class="muted small">
        {installed ? (
          <>
            In the race jax-js, TensorFlow.js and onnxruntime-web compute the same from the same
            numbers on this GPU. They are fetched from this site when you start it (28 MB, nearly
            all of it onnxruntime’s WebAssembly). Without a GPU it takes some minutes.
          </>
        ) : (
          <>
            This copy of the site was built without other libraries to race against:
            <code> npm ci --prefix bench/peers </code> before the build adds them.
          </>
        )}
      </p>
      <p role="status" class="muted">
        {progress.value && (
          <>
            <progress
              class="progress"
              aria-label="Progress"
              value={progress.value.done}
              max={progress.value.total}
            />{' '}
            {progress.value.text}
          </>
        )}
      </p>
      {problem.value && <Notice kind="bad" {...problem.value} />}
      {theirs.value && <SharedResult {...theirs.value} />}
      {facts.value && <Adapter {...facts.value} />}
      {measurements.value.length > 0 && <Results />}
    </>
  );
}

function SharedResult({ adapter, browser, date, results }: Shared) {
  return (
    <Card title="A shared result" aside={date}>
      <p>
        {adapter}, {browser}. Run the benchmark to see this machine beside it.
      </p>
      {measurements.value.length === 0 && <SpeedBars mine={[]} theirs={results} />}
    </Card>
  );
}

function Adapter({ adapter, subgroups, peak }: Facts) {
  return (
    <Card title="This GPU">
      <p>
        {adapterName(adapter)}
        {adapter.fallback && ' (software: the browser found no GPU)'}. At best{' '}
        <strong>{peak.gflops.toPrecision(3)} GFLOP/s</strong> of arithmetic in registers and{' '}
        <strong>{peak.gbytesPerSecond.toPrecision(3)} GB/s</strong> of memory copied
        {subgroups[1] > 0 && `, in ${subgroupText(subgroups)}`}.
      </p>
    </Card>
  );
}

function Results() {
  const peak = facts.value?.peak.gflops ?? NaN;
  const text = shareable();
  const own = ownResult();
  const race = measurements.value.some(({ library }) => library !== OURS);
  const copy = async (what: 'text' | 'link', words: string) => {
    await navigator.clipboard.writeText(words);
    copied.value = what;
  };
  const copyLink = async (result: Shared) => {
    const link = new URL(toHash(result), location.href.replace(/[?#].*/, ''));
    await copy('link', link.href);
  };
  const savePicture = async (result: Shared) =>
    saveFile(`facegrad-benchmark-${result.date}.png`, await drawResult(result), 'image/png');
  return (
    <Card title="Results" aside="medians">
      {own && <SpeedBars mine={own.results} theirs={theirs.value?.results} />}
      {own && (
        <p class="muted small">
          {race
            ? 'In each problem the longest bar did the most arithmetic a second'
            : 'The longer a bar, the more arithmetic a second'}
          {theirs.value && '; paler, what was shared'}.
        </p>
      )}
      {race && <Outcome measurements={measurements.value} />}
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Results">
        <table class="figures">
          <thead>
            <tr>
              {['', 'ms', 'GFLOP/s', '% of best', 'first run ms', 'script ms', 'MiB'].map(
                (head) => (
                  <th key={head} scope="col">
                    {head || <span class="hidden-text">What was run</span>}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {measurements.value.map((m) => (
              <tr key={`${m.problem} ${m.library}`}>
                <th scope="row">
                  {m.problem}
                  {race && <span class="muted small"> {titleOf(m.library)}</span>}
                </th>
                {m.refused !== undefined ? (
                  <td class="refused" colSpan={6}>
                    {m.refused}
                  </td>
                ) : (
                  <>
                    <td>{m.ms && milliseconds(m.ms.median)}</td>
                    <td>{m.gflops?.toFixed(1)}</td>
                    <td>{(100 * ((m.gflops ?? NaN) / peak)).toFixed(0)}</td>
                    <td>{m.firstMs?.toFixed(0)}</td>
                    <td>{m.scriptMs && milliseconds(m.scriptMs)}</td>
                    <td>{((m.memory ?? 0) / 2 ** 20).toFixed(0)}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted small">
        train: one step (forward, backward, update). infer: from pictures to class scores. step:
        like train, with augmentation and preprocessing from bytes. The last number is the batch
        size, or the shape of a single layer.
      </p>
      <label class="hidden-text" for="share">
        The result as text
      </label>
      <textarea id="share" class="share" readOnly rows={8} value={text} />
      <div class="row">
        {own && (
          <>
            <Button onClick={() => void copyLink(own)}>
              {copied.value === 'link' ? 'Link copied' : 'Copy a link'}
            </Button>
            <Button onClick={() => void savePicture(own)}>Save as a picture</Button>
          </>
        )}
        <Button onClick={() => void copy('text', text)}>
          {copied.value === 'text' ? 'Copied' : 'Copy as text'}
        </Button>
      </div>
    </Card>
  );
}
