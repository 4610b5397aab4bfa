import { NO_GPU } from '../shared/no_gpu';
import { Button, Notice } from '../shared/widgets';
import { duration } from '../shared/words';
import { Buttons, DataCard, SettingsCard, Takes } from './controls';
import { AccuracyCurve, LossCurve } from './curves';
import { download, forget, forgetKernel } from './session';
import {
  adapter,
  classes,
  compiling,
  kept,
  kernel,
  log,
  memory,
  metrics,
  news,
  phase,
  resumable,
  saved,
  software,
  status,
  training,
} from './state';
import { moment } from './words';
import { BatchView, Features, Filters, GpuTime, Matrix, Mistakes } from './views';

export function TrainPage() {
  return (
    <>
      <div class="page-head">
        <h1>Watch a network learn to read faces</h1>
        <p class="lead">
          Press start. Your own GPU trains a network on drawn faces in this tab; below, watch what
          it sees, what it learns and where it goes wrong.
        </p>
      </div>
      {phase.value === 'unsupported' && <Unsupported />}
      <div aria-live="polite" class="news">
        {news.value && (
          <Notice {...news.value}>
            <Button kind="quiet" onClick={() => (news.value = undefined)}>
              Close
            </Button>
          </Notice>
        )}
        {saved.value && (
          <Notice
            title="This browser has a saved training of yours"
            text={`${saved.value.data.name}, ${saved.value.status === 'done' ? 'finished' : `stopped after step ${saved.value.step} of ${saved.value.steps}`}.`}
          >
            <Button kind="quiet" onClick={forget}>
              Discard it
            </Button>
          </Notice>
        )}
      </div>
      <div class={status.value ? 'train started' : 'train'}>
        <div class="train-side">
          <RunCard />
          <DataCard />
          <SettingsCard />
        </div>
        <div class="train-main">
          <div class="column">
            <LossCurve />
            <Matrix />
            <Features />
            <GpuTime />
          </div>
          <div class="column">
            <AccuracyCurve />
            <BatchView />
            <Filters />
            <Mistakes />
          </div>
        </div>
      </div>
    </>
  );
}

function Unsupported() {
  return (
    <Notice kind="warn" {...NO_GPU}>
      <Button onClick={() => location.reload()}>Try again</Button>
    </Notice>
  );
}

/** The buttons, and how the run stands. */
function RunCard() {
  const now = status.value;
  const at = phase.value;
  const { ready, total } = compiling.value;
  const percent = (share: number) => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`);
  return (
    <section class="card run" aria-label="Training">
      <Buttons />
      <Takes />
      <YourKernel />
      {at === 'compiling' && (
        <>
          <progress
            class="progress"
            max={total || 1}
            value={total ? ready : undefined}
            aria-label="Compiling"
          />
          <p class="small muted">
            {total ? `Preparing ${total} GPU programs: ${ready}` : 'Opening the GPU …'}
          </p>
        </>
      )}
      {now && at !== 'compiling' && (
        <>
          <p class="small" role="status">
            {moment(log.value, classes.value, metrics.value?.metrics.confusion)}
          </p>
          <progress class="progress" max={now.steps || 1} value={now.step} aria-label="Steps" />
          <dl class="facts">
            <Fact name="step" value={`${now.step} of ${now.steps}`} />
            <Fact name="epoch" value={now.epoch ? `${now.epoch} of ${now.epochs}` : '–'} />
            <Fact name="loss" value={Number.isNaN(now.loss) ? '–' : now.loss.toFixed(3)} />
            <Fact name="accuracy" value={percent(now.accuracy)} />
            <Fact
              name="images/s"
              value={
                now.imagesPerSecond
                  ? now.imagesPerSecond.toFixed(now.imagesPerSecond < 100 ? 1 : 0)
                  : '–'
              }
            />
            <Fact name="time left" value={training.value ? duration(now.secondsLeft) : '–'} />
            <Fact name="trained for" value={duration(now.time / 1000)} />
            <Fact
              name="GPU memory"
              value={
                memory.value
                  ? `${Math.round((memory.value.after + memory.value.state) / 2 ** 20)} MiB`
                  : '–'
              }
            />
          </dl>
        </>
      )}
      <p class="small muted adapter">
        {at === 'opening' && 'Looking for a GPU …'}
        {adapter.value &&
          `On ${adapter.value}${software.value ? ', the processor standing in for a GPU: slower' : ''}. `}
        {kept.value && `Saved in this browser up to step ${kept.value.step}.`}
      </p>
      <div class="row weights">
        <span class="small muted">Weights</span>
        <Button
          disabled={
            !now ||
            (at !== 'paused' &&
              at !== 'running' &&
              !resumable.value &&
              at !== 'ended' &&
              !saved.value)
          }
          onClick={download}
        >
          Download
        </Button>
      </div>
    </section>
  );
}

/** A kernel from a lesson, and its loss beside the original's. */
function YourKernel() {
  const { original, training: points } = log.value;
  const own = kernel.value;
  if (!own && !original) return null;
  const loss = new Map(original?.map(({ step, loss }) => [step, loss]));
  const both = points.filter(({ step }) => loss.has(step));
  const last = both.at(-1);
  const same = both.every((point) => point.loss === loss.get(point.step));
  return (
    <div class="own-kernel" role="status">
      {own && (
        <p class="small">
          Your <code>{own.file.replace('shaders/', '')}</code> replaces the original. For
          comparison, the first 50 steps run with the original too, from the same start.{' '}
          <Button kind="quiet" disabled={training.value} onClick={forgetKernel}>
            Use the original
          </Button>
        </p>
      )}
      {last && (
        <p class="small">
          {same
            ? `Up to step ${last.step}, the loss matches the original’s to the last bit.`
            : `After step ${last.step}, the loss is ${last.loss.toFixed(4)}; with the original it was ${loss.get(last.step)!.toFixed(4)}.`}
        </p>
      )}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
