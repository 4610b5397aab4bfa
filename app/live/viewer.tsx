import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { color, theme } from '../shared/theme';
import { Button, Notice } from '../shared/widgets';
import type { Session, Speed, View } from './session';

/** What the page says of a face: its name and, for the first network, the likeliest class. */
export function faceLabel(view: View, index: number, classes: readonly string[]): string {
  const [first] = view.faces[index].probabilities;
  const best = first.indexOf(Math.max(...first));
  return `${index + 1} · ${classes[best]} ${(100 * first[best]).toFixed(0)} %`;
}

/** The picture with its boxes, the ways to get one, and what stands in the way. */
export function Viewer({ session, onWeights }: { session: Session; onWeights(file: File): void }) {
  const [photos, setPhotos] = useState<File[]>([]);
  const [at, setAt] = useState(0);
  const [over, setOver] = useState(false);
  const source = session.source.value;

  const show = (files: File[], index: number) => {
    setPhotos(files);
    setAt(index);
    if (files[index]) void session.openFile(files[index]);
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
  const begin = (open: () => Promise<void>) => {
    setPhotos([]);
    void open();
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
      <Button disabled={off} onClick={() => begin(() => session.openDrawn())}>
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
      {source ? (
        <>
          <Picture session={session} />
          <div class="row">
            {source.kind !== 'photo' && (
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
            <Button onClick={() => session.close()}>
              {source.kind === 'camera' ? 'Stop the camera' : 'Close'}
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
        </div>
      )}
    </section>
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
  return (
    <div class="picture" ref={place} data-faces={faces} data-frame={view?.time}>
      <canvas ref={overlay} aria-hidden="true" />
      {view && faces === 0 && <p class="no-face">No face in the picture</p>}
    </div>
  );
}

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
  view.faces.forEach(({ box }, i) => {
    const left = mirrored ? view.width - box.x - box.width : box.x;
    const [x, y, w, h] = [left, box.y, box.width, box.height].map((v) => v * scale);
    context.lineWidth = 2.5;
    context.strokeStyle = stroke;
    context.beginPath();
    context.roundRect(x, y, w, h, 10);
    context.stroke();
    if (view.faces[i].probabilities[0].length === 0) return;
    const label = faceLabel(view, i, classes);
    const labelWidth = context.measureText(label).width + 16;
    const labelX = Math.max(2, Math.min(x, clientWidth - labelWidth - 2));
    const labelY = Math.max(2, y - 30);
    context.fillStyle = stroke;
    context.beginPath();
    context.roundRect(labelX, labelY, labelWidth, 25, 8);
    context.fill();
    context.fillStyle = text;
    context.fillText(label, labelX + 8, labelY + 13);
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
