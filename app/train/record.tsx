/** Classes of one's own, recorded with the camera: hold a button, make the face. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Button, Field, Notice } from '../shared/widgets';
import {
  addClass,
  before,
  cameras,
  closeCamera,
  hold,
  holding,
  openCamera,
  problem,
  release,
  remove,
  rename,
  seen,
  SIZE,
  stream,
  takes,
  undo,
  watch,
  withoutFace,
  type Take,
} from './camera';
import { PictureGrid } from './picture_grid';
import { learnRecorded } from './session';
import { training } from './state';

/** So that a fifth can be held out. */
const LEAST = 10;
const MOST_CLASSES = 8;

export function Record() {
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
          <Viewfinder />
        ) : (
          <Button onClick={() => openCamera()}>Open the camera</Button>
        )}
        {(stream.value || before.value.length > 0) && <Takes />}
      </div>
    </details>
  );
}

function Viewfinder() {
  const video = useRef<HTMLVideoElement>(null);
  const opened = stream.value!;
  useEffect(() => {
    video.current!.srcObject = opened;
    // By itself it would begin only once it is on the screen.
    void video.current!.play().catch(() => undefined);
    void watch(video.current!, opened);
  }, [opened]);
  const view = seen.value;
  return (
    <>
      <div class="viewfinder">
        <video ref={video} muted playsInline aria-label="The camera" />
        {view && (
          <svg
            viewBox={`0 0 ${view.width} ${view.height}`}
            preserveAspectRatio="xMidYMid slice"
            aria-hidden="true"
          >
            {view.square && <rect {...view.square} />}
          </svg>
        )}
      </div>
      <p class="small muted" role="status">
        {!view
          ? 'Starting the face detector …'
          : view.square
            ? 'The network is given what is in the frame.'
            : withoutFace.value
              ? 'No face found: the middle of the picture is recorded.'
              : 'No face found: nothing is recorded until there is one.'}
      </p>
      <label class="small choice">
        <input
          type="checkbox"
          checked={withoutFace.value}
          onChange={(e) => (withoutFace.value = e.currentTarget.checked)}
        />
        Record the middle of the picture when no face is found
      </label>
      {cameras.value.length > 1 && (
        <Field label="Camera">
          {(tied) => (
            <select
              {...tied}
              value={opened.getVideoTracks()[0].getSettings().deviceId}
              onChange={(e) => openCamera(e.currentTarget.value)}
            >
              {cameras.value.map(({ deviceId, label }, i) => (
                <option key={deviceId} value={deviceId}>
                  {label || `Camera ${i + 1}`}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </>
  );
}

function Takes() {
  const names = takes.value.map(({ name }) => name.trim());
  const ready =
    takes.value.every(({ frames }) => frames.length >= LEAST) &&
    names.every((name) => name !== '') &&
    new Set(names).size === names.length;
  return (
    <>
      <p class="small muted">
        Hold a button (or the space bar on it) and move a little: {LEAST} or more pictures of each
        class; about fifty is better. The last fifth of each is held out. Click a picture to remove
        it.
      </p>
      {takes.value.map((take, i) => (
        <Class key={i} take={take} index={i} />
      ))}
      <div class="row">
        <Button disabled={takes.value.length >= MOST_CLASSES} onClick={addClass}>
          Add a class
        </Button>
        <Button disabled={before.value.length === 0} onClick={undo}>
          Undo
        </Button>
        <Button
          kind="primary"
          disabled={!ready || training.value}
          onClick={() => {
            learnRecorded(
              takes.value.map(({ name, frames }) => ({ name: name.trim(), frames: [...frames] })),
              SIZE,
            );
            closeCamera();
          }}
        >
          Use these
        </Button>
      </div>
    </>
  );
}

function Class({ take: { name, frames }, index }: { take: Take; index: number }) {
  return (
    <div class="take">
      <Field label={`Class ${index + 1}`}>
        {(tied) => (
          <input
            {...tied}
            value={name}
            maxLength={20}
            onInput={(e) => rename(index, e.currentTarget.value)}
          />
        )}
      </Field>
      <Button
        disabled={!stream.value}
        aria-pressed={holding.value === index}
        aria-label={`Record · ${frames.length} pictures of ${name}`}
        onPointerDown={(e) => {
          // A finger that slides a little still holds.
          e.currentTarget.setPointerCapture(e.pointerId);
          if (e.button === 0) hold(index);
        }}
        onPointerUp={() => release(index)}
        onPointerCancel={() => release(index)}
        onContextMenu={(e) => e.preventDefault()} // what a long press would open
        onKeyDown={(e) => {
          if (e.key === ' ' && !e.repeat) hold(index);
        }}
        onKeyUp={() => release(index)}
        onBlur={() => release(index)}
      >
        Record · {frames.length}
      </Button>
      {frames.length > 0 && (
        <ul class="thumbs" aria-label={`Pictures of ${name}`}>
          {frames.map((pixels, i) => (
            <Thumb key={keyOf(pixels)} {...{ pixels, name, index, number: i }} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Thumb(props: { pixels: Uint8Array; name: string; index: number; number: number }) {
  const { pixels, name, index, number } = props;
  const pictures = useMemo(() => ({ width: SIZE, height: SIZE, pixels }), [pixels]);
  return (
    <li>
      <button
        type="button"
        aria-label={`Remove picture ${number + 1} of ${name}`}
        onClick={() => remove(index, number)}
      >
        <PictureGrid pictures={pictures} columns={1} label={`Picture ${number + 1}`} />
      </button>
    </li>
  );
}

/** A picture stays the same where others are removed: it is not drawn again. */
const keys = new WeakMap<Uint8Array, number>();
let lastKey = 0;
function keyOf(pixels: Uint8Array): number {
  if (!keys.has(pixels)) keys.set(pixels, ++lastKey);
  return keys.get(pixels)!;
}
