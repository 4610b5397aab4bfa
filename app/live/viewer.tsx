import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { color, theme } from '../shared/theme';
import { Button, Notice } from '../shared/widgets';
import { EXAMPLES, type Example } from './examples';
import { placeLabels } from './labels';
import { readingText } from './reading';
import type { Session, View } from './session';
import type { Speed } from './speed';

/** The picture with its boxes, the ways to get one, and what stands in the way. */
export function Viewer(props: {
  session: Session;
  onWeights(file: File): void;
  /** Called before a source is opened, with whether its faces are drawn. */
  onSource?(drawn: boolean): void;
}) {
  const { session, onWeights, onSource } = props;
  const [photos, setPhotos] = useState<File[]>([]);
  const [at, setAt] = useState(0);
  const [over, setOver] = useState(false);
  const source = session.source.value;

  const show = (files: File[], index: number) => {
    setPhotos(files);
    setAt(index);
    if (!files[index]) return;
    onSource?.(false);
    void session.openFile(files[index]);
  };
  const take = (list: Iterable<File>) => {
    const files = [...list];
    const weights = files.find(({ name }) => name.endsWith('.safetensors'));
    if (weights) return onWeights(weights);
    const video = files.find(({ type }) => type.startsWith('video/'));
    if (files.length > 0) show(video ? [video] : files, 0);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files ?? []);
  };
  const begin = (open: () => Promise<void>, drawn = false) => {
    setPhotos([]);
    onSource?.(drawn);
    void open();
  };
  const close = () => {
    setPhotos([]);
    session.close();
  };
  const off = session.unsupported.value;
  const sources = (
    <>
      <Button kind="primary" disabled={off} onClick={() => begin(() => session.openCamera())}>
        Use the camera
      </Button>
      <FileButton disabled={off} accept="image/*,video/*" multiple onFiles={take}>
        Video or photos …
      </FileButton>
      <Button disabled={off} onClick={() => begin(() => session.openDrawn(), true)}>
        Drawn faces
      </Button>
    </>
  );
  return (
    <section
      class={`viewer card ${over ? 'over' : ''}`}
      aria-label="Picture"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Problems session={session} />
      {source || photos.length > 1 ? (
        <>
          {source && <Picture session={session} />}
          <div class="row">
            {source && source.kind !== 'photo' && (
              <Button
                kind="primary"
                onClick={() => (session.playing.value ? session.pause() : session.play())}
              >
                {session.playing.value ? 'Pause' : 'Resume'}
              </Button>
            )}
            {photos.length > 1 && (
              <>
                <Button disabled={at === 0} onClick={() => show(photos, at - 1)}>
                  Previous
                </Button>
                <span class="muted small">
                  {at + 1} of {photos.length}
                </span>
                <Button disabled={at === photos.length - 1} onClick={() => show(photos, at + 1)}>
                  Next
                </Button>
              </>
            )}
            <Button onClick={close}>
              {source?.kind === 'camera' ? 'Stop the camera' : 'Close'}
            </Button>
            <SpeedLine speed={session.speed} adapter={session.adapter} />
          </div>
        </>
      ) : (
        <div class="empty">
          <svg viewBox="0 0 64 48" aria-hidden="true">
            <path d="M8 16V8h10M46 8h10v8M56 32v8H46M18 40H8v-8" />
            <circle cx="26" cy="21" r="1.5" />
            <circle cx="38" cy="21" r="1.5" />
            <path d="M25 29c3 4 11 4 14 0" />
          </svg>
          <div class="row">{sources}</div>
          <p class="muted small">
            Or drop photos or a video here. They stay in this tab: there is no server behind it.
          </p>
          <Examples
            disabled={off}
            onOpen={(example) => begin(() => session.openExample(example), !!example.shows)}
          />
        </div>
      )}
    </section>
  );
}

/** Pictures that come with the page: one click shows what this is about. */
function Examples(props: { disabled: boolean; onOpen(example: Example): void }) {
  return (
    <div class="examples" role="group" aria-label="Pictures to try">
      {EXAMPLES.map((example) => (
        <button
          key={example.title}
          type="button"
          class="example"
          disabled={props.disabled}
          onClick={() => props.onOpen(example)}
        >
          <img src={example.url} alt="" width="72" height="72" loading="lazy" />
          {example.title}
        </button>
      ))}
    </div>
  );
}

function Problems({ session }: { session: Session }) {
  const problem = session.problem.value;
  const waiting = session.waiting.value;
  return (
    <>
      {problem && (
        <Notice kind="warn" title={problem.title} text={problem.text}>
          {problem.retry && <Button onClick={problem.retry}>Try again</Button>}
        </Notice>
      )}
      {waiting && (
        <p class="muted small" role="status">
          {waiting}
        </p>
      )}
    </>
  );
}

export function FileButton(props: {
  accept: string;
  multiple?: boolean;
  disabled?: boolean;
  onFiles(files: FileList): void;
  children: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  const { accept, multiple, disabled, onFiles, children } = props;
  return (
    <>
      <Button disabled={disabled} onClick={() => input.current!.click()}>
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={children}
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          onFiles(currentTarget.files!);
          currentTarget.value = ''; // the same file may be chosen again
        }}
      />
    </>
  );
}

/** The source's own element with a canvas over it. */
function Picture({ session }: { session: Session }) {
  const place = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const source = session.source.value!;
  useEffect(() => {
    const { element, mirrored } = source;
    element.classList.toggle('mirrored', mirrored);
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', 'The picture in which faces are found');
    place.current!.prepend(element);
    return () => element.remove();
  }, [source]);

  const view = session.view.value;
  const classes = session.networks.value[0]?.config.classes ?? [];
  const colors = theme.value; // drawn again when they change
  useEffect(() => {
    drawBoxes(overlay.current!, view, classes, source.mirrored);
  }, [view, source, colors, classes]);

  const faces = view ? view.faces.length : 0;
  const words = view?.shows ? `Drawn to show: ${view.shows}` : source.credit;
  return (
    <>
      <div class="picture" ref={place} data-faces={faces} data-frame={view?.time}>
        <canvas ref={overlay} aria-hidden="true" />
        {view && faces === 0 && <p class="no-face">No face in the picture</p>}
      </div>
      {words && <p class="picture-words muted small">{words}</p>}
    </>
  );
}

/** Height of a label. */
const LABEL = 25;

function drawBoxes(
  canvas: HTMLCanvasElement,
  view: View | undefined,
  classes: readonly string[],
  mirrored: boolean,
): void {
  const { clientWidth, clientHeight } = canvas;
  const density = Math.min(2, devicePixelRatio);
  const [width, height] = [clientWidth * density, clientHeight * density].map(Math.round);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!view) return;
  context.scale(density, density);
  const scale = clientWidth / view.width;
  context.font = '600 14px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const [stroke, text] = [color('accent'), color('on-accent')];
  const boxes = view.faces.map(({ box }) => {
    const left = mirrored ? view.width - box.x - box.width : box.x;
    const [x, y, width, height] = [left, box.y, box.width, box.height].map((v) => v * scale);
    return { x, y, width, height };
  });
  context.lineWidth = 2.5;
  context.strokeStyle = stroke;
  for (const { x, y, width, height } of boxes) {
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(10, width / 4));
    context.stroke();
  }
  const labels = view.faces.map(
    ({ probabilities: [first] }, i) => `${i + 1} · ${readingText(first, classes)}`,
  );
  const widths = labels.map((label) => context.measureText(label).width + 16);
  const size = { width: clientWidth, height: clientHeight };
  placeLabels(boxes, widths, LABEL, size).forEach((place, i) => {
    if (!place) return;
    context.fillStyle = stroke;
    context.beginPath();
    context.roundRect(place.x, place.y, widths[i], LABEL, 8);
    context.fill();
    context.fillStyle = text;
    context.fillText(labels[i], place.x + 8, place.y + 13);
  });
}

function SpeedLine(props: {
  speed: ReadonlySignal<Speed | undefined>;
  adapter: ReadonlySignal<string>;
}) {
  const speed = props.speed.value;
  if (!speed) return null;
  const { framesPerSecond, latency, detector, network } = speed;
  return (
    <p
      class="speed muted small"
      data-rate={framesPerSecond.toFixed(2)}
      data-latency={latency.toFixed(1)}
      data-detector={detector.toFixed(1)}
      data-network={network.toFixed(1)}
      title={`Detector ${detector.toFixed(0)} ms on the CPU, network ${network.toFixed(0)} ms on ${props.adapter.value}`}
    >
      <strong>{framesPerSecond.toFixed(1)}</strong> frames/s ·{' '}
      <strong>{latency.toFixed(0)} ms</strong> from frame to label
    </p>
  );
}
