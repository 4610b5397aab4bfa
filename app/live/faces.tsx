import { useEffect, useRef } from 'preact/hooks';
import { color, theme } from '../shared/theme';
import { Bars, Button, Card } from '../shared/widgets';
import { readingOf, readingText } from './reading';
import type { Session, View } from './session';

/** Seconds of the history strip, and columns in it. */
const SECONDS = 20;
const COLUMNS = 200;

/** What a network says, and whether that is what the face was drawn to show; nothing before it has read the face. */
function said(
  probabilities: Float32Array | undefined,
  classes: readonly string[],
  shows?: string,
): string {
  if (!probabilities) return '';
  const text = readingText(probabilities, classes);
  if (shows === undefined || !readingOf(probabilities).sure) return text;
  return `${text}, ${classes[readingOf(probabilities).best] === shows ? 'right' : 'wrong'}`;
}

/** A card for each face: what each network says of it, now and over the last seconds. */
export function Faces({ session }: { session: Session }) {
  const view = session.view.value;
  const networks = session.networks.value;
  if (!session.source.value || !view) return null;
  return (
    <div class="faces">
      {view.faces.map((face, i) => (
        <Card
          key={face.id}
          class="face"
          title={`Face ${i + 1}`}
          aside={
            networks.length === 1 &&
            said(face.probabilities[0], networks[0].config.classes, view.shows)
          }
        >
          <div class={networks.length > 1 ? 'side-by-side' : ''}>
            {networks.map(({ name, config }, n) => (
              <div key={n} class="reading">
                {networks.length > 1 && (
                  <h3>
                    {name}
                    <span class="muted">
                      {' '}
                      · {said(face.probabilities[n], config.classes, view.shows)}
                    </span>
                  </h3>
                )}
                <div class="reading-bars">
                  <Bars
                    labels={config.classes}
                    values={face.probabilities[n] ?? []}
                    label={`Face ${i + 1}, ${name}: share of each expression`}
                  />
                  {session.source.value?.kind !== 'photo' && face.probabilities[n] && (
                    <History values={face.probabilities[n]} time={view.time} />
                  )}
                </div>
              </div>
            ))}
          </div>
        </Card>
      ))}
      <Spoken view={view} session={session} />
    </div>
  );
}

/** The last seconds: time runs to the right, a row a class, darker is likelier. */
function History({ values, time }: { values: Float32Array; time: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef(time);
  const carried = useRef(0);
  const shade = useRef<{ theme: string; accent: string }>(undefined);
  useEffect(() => {
    const { current } = canvas;
    const context = current!.getContext('2d')!;
    if (shade.current?.theme !== theme.value) {
      shade.current = { theme: theme.value, accent: color('accent') };
    }
    const exact = ((time - last.current) / 1000 / SECONDS) * COLUMNS + carried.current;
    const columns = Math.min(COLUMNS, Math.max(0, Math.floor(exact)));
    last.current = time;
    carried.current = exact - Math.floor(exact);
    if (columns === 0) return;
    context.globalCompositeOperation = 'copy';
    context.globalAlpha = 1;
    context.drawImage(current!, -columns, 0);
    context.globalCompositeOperation = 'source-over';
    context.fillStyle = shade.current.accent;
    values.forEach((value, row) => {
      context.globalAlpha = value;
      context.fillRect(COLUMNS - columns, row, columns, 1);
    });
  }, [values, time]);
  return (
    <canvas
      ref={canvas}
      class="history"
      width={COLUMNS}
      height={values.length}
      role="img"
      aria-label={`The last ${SECONDS} seconds`}
    />
  );
}

/** For screen readers: what is seen, said when it changes and at most every three seconds. */
function Spoken({ view, session }: { view: View; session: Session }) {
  const place = useRef<HTMLParagraphElement>(null);
  const said = useRef(-Infinity);
  useEffect(() => {
    if (view.time - said.current < 3000) return;
    const classes = session.networks.value[0].config.classes;
    const words = view.faces.map(({ probabilities: [first] }, i) => {
      return `Face ${i + 1}: ${readingText(first, classes).replace(/ \d+ %$/, '')}`;
    });
    const text = words.join('. ') || 'No face';
    if (place.current!.textContent === text) return;
    place.current!.textContent = text;
    said.current = view.time;
  }, [view]);
  return <p ref={place} class="hidden-text" role="status" />;
}

const STAGE_NAMES = ['As cropped, in grey', 'Equalized', 'Edges enhanced'];

/** What the network sees of one face. */
export function StagesCard({ session }: { session: Session }) {
  const view = session.view.value;
  const stages = view?.stages;
  if (!view || !stages) return null;
  const streams = session.networks.value.flatMap(({ config }) => config.streams);
  const number = view.faces.findIndex(({ id }) => id === stages.id) + 1;
  return (
    <Card
      title={`What the network sees of face ${number}`}
      aside={`${stages.size} × ${stages.size} pixels`}
    >
      <div class="stages">
        {STAGE_NAMES.map((name, i) => (
          <figure key={name}>
            <Picture pixels={stages.pictures[i]} size={stages.size} />
            <figcaption class="small">
              {name}
              <span class="muted">
                {streams.includes((['raw', 'equalized', 'edges'] as const)[i]) ? ' · read' : ''}
              </span>
            </figcaption>
          </figure>
        ))}
      </div>
      {view.faces.length > 1 && (
        <div class="row" role="group" aria-label="Face whose pictures are shown">
          {view.faces.map(({ id }, i) => (
            <Button
              key={id}
              aria-pressed={id === stages.id}
              onClick={() => (session.shown.value = id)}
            >
              Face {i + 1}
            </Button>
          ))}
        </div>
      )}
    </Card>
  );
}

function Picture({ pixels, size }: { pixels: Uint8Array; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const image = new ImageData(size, size);
    const words = new Uint32Array(image.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = 0xff000000 | (pixels[i] * 0x010101);
    canvas.current!.getContext('2d')!.putImageData(image, 0, 0);
  }, [pixels, size]);
  return <canvas ref={canvas} width={size} height={size} aria-hidden="true" />;
}
