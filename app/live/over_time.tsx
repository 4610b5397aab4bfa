import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { saveFile } from '../shared/save_file';
import { color, theme } from '../shared/theme';
import { Bars, Button, Card } from '../shared/widgets';
import { duration } from '../shared/words';
import type { Session } from './session';
import { letterOf, meanOf, Timeline, type Second } from './timeline';

/** Columns of a face's strip. */
const COLUMNS = 240;

type State = 'off' | 'asking' | 'on' | 'stopped';

const LAW =
  'In the European Union, inferring the emotions of people at work or in education is forbidden, except for medical or safety reasons (AI Act, Regulation (EU) 2024/1689, Article 5(1)(f)). Other laws may forbid more.';

/** What Live read from every face for as long as it runs. Off until everybody in the picture agrees. */
export function OverTime({ session, accuracy }: { session: Session; accuracy?: number }) {
  const [state, setState] = useState<State>('off');
  const [timeline, setTimeline] = useState<Timeline>();
  /** Goes up with each second that is kept, so that it is drawn. */
  const [drawn] = useState(() => signal(0));
  const network = session.networks.value[0];

  const begin = () => {
    const { name, config } = network;
    const said = { name, accuracy, classes: config.classes };
    setTimeline(new Timeline(said, Date.now()));
    setState('on');
  };
  const clear = () => {
    setTimeline(undefined);
    setState('off');
  };
  useEffect(() => {
    if (state !== 'on' || !timeline) return undefined;
    return session.view.subscribe((view) => {
      if (!view || session.source.peek()?.kind === 'photo') return;
      if (session.networks.peek()[0].name !== timeline.said.name) return;
      const time = performance.timeOrigin + view.time;
      if (time < timeline.start) return; // from before everybody agreed
      for (const { id, probabilities } of view.faces) timeline.add(time, id, probabilities[0]);
      drawn.value = Math.floor((time - timeline.start) / 1000);
    });
  }, [state, timeline]);
  useEffect(() => {
    // Other weights say other things: theirs would be another timeline.
    if (timeline && network.name !== timeline.said.name) setState('stopped');
  }, [network]);

  if (!network || (state === 'off' && (!session.source.value || isPhoto(session)))) return null;
  void drawn.value;
  return (
    <Card title="Over time" aside={timeline && timeline.said.name}>
      {state === 'off' && (
        <>
          <p class="muted small">
            Records what Live reads from every face while this page is open: in memory only, no
            pictures.
          </p>
          <div class="row">
            <Button onClick={() => setState('asking')}>Keep a timeline …</Button>
          </div>
        </>
      )}
      {state === 'asking' && (
        <div class="notice warn" role="group" aria-label="Before the timeline begins">
          <div>
            <strong>Does everybody in the picture agree?</strong>
            Ask each of them first, and stop when one of them no longer does. {LAW}
          </div>
          <Button kind="primary" onClick={begin}>
            Everybody agrees
          </Button>
          <Button onClick={() => setState('off')}>Not now</Button>
        </div>
      )}
      {timeline && (
        <>
          {timeline.faces.size === 0 && <p class="muted small">No face yet.</p>}
          {[...timeline.faces].map(([id, seconds], i) => (
            <Row key={id} timeline={timeline} id={id} seconds={seconds} letter={letterOf(i)} />
          ))}
          <div class="row">
            {network.name === timeline.said.name && (
              <Button onClick={() => setState(state === 'on' ? 'stopped' : 'on')}>
                {state === 'on' ? 'Stop the timeline' : 'Go on'}
              </Button>
            )}
            <Button onClick={() => void save(timeline)} disabled={timeline.faces.size === 0}>
              Save as CSV
            </Button>
            <Button onClick={clear}>Clear</Button>
          </div>
          <Limits timeline={timeline} />
        </>
      )}
    </Card>
  );
}

const isPhoto = (session: Session) => session.source.value?.kind === 'photo';

/** One face: how its seconds are shared out, and when it got which label. */
function Row(props: { timeline: Timeline; id: number; seconds: Second[]; letter: string }) {
  const { timeline, id, seconds, letter } = props;
  const shares = timeline.shares(id);
  const unsure = Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0));
  return (
    <div class="reading over-time">
      <h3>
        Face {letter}
        <span class="muted"> · seen for {duration(seconds.length)}</span>
      </h3>
      <Bars
        labels={[...timeline.said.classes, 'unsure']}
        values={[...shares, unsure]}
        label={`Face ${letter}: share of the time with each label`}
      />
      <Strip seconds={seconds} classes={timeline.said.classes.length} letter={letter} />
    </div>
  );
}

/** Time runs to the right, a row a class, darker is likelier. */
function Strip(props: { seconds: Second[]; classes: number; letter: string }) {
  const { seconds, classes, letter } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = seconds.at(-1)!.at;
  const shade = theme.value; // drawn again when it changes
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, COLUMNS, classes);
    context.fillStyle = color('accent');
    const scale = Math.min(1, COLUMNS / (last + 1));
    for (const second of seconds) {
      const left = Math.floor(second.at * scale);
      meanOf(second).forEach((share, row) => {
        context.globalAlpha = share;
        context.clearRect(left, row, 1, 1);
        context.fillRect(left, row, 1, 1);
      });
    }
  }, [last, shade, classes]);
  return (
    <canvas
      ref={canvas}
      class="history"
      width={COLUMNS}
      height={classes}
      role="img"
      aria-label={`Face ${letter}, the labels over ${duration(last + 1)}`}
    />
  );
}

/** What these figures cannot tell. */
function Limits({ timeline: { said } }: { timeline: Timeline }) {
  return (
    <p class="muted small">
      These are shares of labels, not of feelings, and they do not say why.{' '}
      {said.accuracy === undefined
        ? 'How often these weights are right was not measured.'
        : `These weights were right on ${(100 * said.accuracy).toFixed(1)} % of held-out pictures.`}{' '}
      More minutes do not make them surer: a face that is misread at rest is misread all the time. A
      difference between two people may be one of light, glasses or angle. Whoever leaves the
      picture comes back as a new face. {LAW}
    </p>
  );
}

async function save(timeline: Timeline): Promise<void> {
  const { default: Papa } = await import('papaparse');
  // A spreadsheet must not take the name of a file for a formula.
  const text = Papa.unparse(timeline.rows(), { escapeFormulae: true });
  const day = new Date(timeline.start).toISOString().slice(0, 19).replace(/[:T]/g, '-');
  saveFile(`facegrad-timeline-${day}.csv`, text, 'text/csv');
}
