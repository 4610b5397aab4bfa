/** Classes of one's own, recorded with the camera: hold a button, make the face. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button, Field, Notice } from '../shared/widgets';
import { learnRecorded, type RecordedClass } from './session';
import { training } from './state';

const SIZE = 48;
/** Frames kept a second: neighbours in time look alike. */
const RATE_MS = 120;
/** So that a fifth can be held out. */
const LEAST = 10;
const MOST_CLASSES = 8;

interface Take {
  name: string;
  frames: Uint8Array[];
}

const takes = signal<Take[]>([
  { name: 'smile', frames: [] },
  { name: 'serious', frames: [] },
]);
const stream = signal<MediaStream | undefined>(undefined);
const problem = signal<string | undefined>(undefined);

const EXPLAIN: Record<string, string> = {
  NotAllowedError:
    'This page may not use the camera. Allow it in the address bar or in the system settings.',
  NotFoundError: 'No camera is connected.',
  NotReadableError: 'Another program is using the camera.',
};

async function openCamera(): Promise<void> {
  problem.value = undefined;
  try {
    if (!navigator.mediaDevices) throw new DOMException('', 'NotFoundError');
    const opened = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 480, facingMode: 'user' },
    });
    opened.getVideoTracks()[0].addEventListener('ended', () => {
      stream.value = undefined;
      problem.value = 'The camera was disconnected, or permission was withdrawn.';
    });
    stream.value = opened;
  } catch (error) {
    const { name, message } = error as DOMException;
    problem.value = EXPLAIN[name] ?? `The camera could not be opened: ${message}`;
  }
}

function closeCamera(): void {
  for (const track of stream.peek()?.getTracks() ?? []) track.stop();
  stream.value = undefined;
}

function change(index: number, changes: Partial<Take>): void {
  takes.value = takes.value.map((take, i) => (i === index ? { ...take, ...changes } : take));
}

/** The middle square of the video, small and grey. */
function grab(video: HTMLVideoElement, context: CanvasRenderingContext2D): Uint8Array {
  const side = Math.min(video.videoWidth, video.videoHeight) * 0.8;
  const [x, y] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  context.drawImage(video, x, y, side, side, 0, 0, SIZE, SIZE);
  const { data } = context.getImageData(0, 0, SIZE, SIZE);
  return Uint8Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]),
  );
}

export function Record() {
  const video = useRef<HTMLVideoElement>(null);
  const held = useRef<{ index: number; timer: ReturnType<typeof setInterval> } | null>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream.value ?? null;
  }, [stream.value]);
  const hold = (index: number) => {
    clearInterval(held.current?.timer);
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = SIZE;
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    const timer = setInterval(() => {
      if (!video.current?.videoWidth) return;
      const frame = grab(video.current, context);
      change(index, { frames: [...takes.value[index].frames, frame] });
    }, RATE_MS);
    held.current = { index, timer };
  };
  /** Of another class's button it stops nothing: that one loses focus just after this one was pressed. */
  const release = (index: number) => {
    if (held.current?.index === index) clearInterval(held.current.timer);
  };
  const names = takes.value.map(({ name }) => name.trim());
  const ready =
    takes.value.every(({ frames }) => frames.length >= LEAST) &&
    names.every((name) => name !== '') &&
    new Set(names).size === names.length;
  return (
    <details
      class="more record"
      onToggle={(event) => {
        if (!event.currentTarget.open) closeCamera();
      }}
    >
      <summary>Record your own classes</summary>
      <div class="drop">
        {problem.value && <Notice kind="warn" title="No camera" text={problem.value} />}
        {stream.value ? (
          <>
            <div class="viewfinder">
              <video ref={video} autoplay muted playsInline aria-label="The camera" />
            </div>
            <p class="small muted">
              Bring your face into the square. Hold a button (or the space bar on it) and move a
              little: {LEAST} or more pictures of each class; about fifty is better. The last fifth
              of each is held out.
            </p>
            {takes.value.map(({ name, frames }, i) => (
              <div key={i} class="take">
                <Field label={`Class ${i + 1}`}>
                  {(tied) => (
                    <input
                      {...tied}
                      value={name}
                      maxLength={20}
                      onInput={(e) => change(i, { name: e.currentTarget.value })}
                    />
                  )}
                </Field>
                <Button
                  onPointerDown={() => hold(i)}
                  onPointerUp={() => release(i)}
                  onPointerLeave={() => release(i)}
                  onKeyDown={(e) => {
                    if (e.key === ' ' && !e.repeat) hold(i);
                  }}
                  onKeyUp={() => release(i)}
                  onBlur={() => release(i)}
                  aria-label={`Record · ${frames.length} pictures of ${name}`}
                >
                  Record · {frames.length}
                </Button>
              </div>
            ))}
            <div class="row">
              <Button
                disabled={takes.value.length >= MOST_CLASSES}
                onClick={() => {
                  const next = `class ${takes.value.length + 1}`;
                  takes.value = [...takes.value, { name: next, frames: [] }];
                }}
              >
                Add a class
              </Button>
              <Button
                kind="primary"
                disabled={!ready || training.value}
                onClick={() => {
                  learnRecorded(
                    takes.value.map(({ name, frames }): RecordedClass => ({
                      name: name.trim(),
                      frames,
                    })),
                    SIZE,
                  );
                  closeCamera();
                }}
              >
                Use these
              </Button>
            </div>
          </>
        ) : (
          <Button onClick={openCamera}>Open the camera</Button>
        )}
      </div>
    </details>
  );
}
