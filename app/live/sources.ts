/** Where frames come from: a camera, a video, photos, or faces drawn on the spot. */
import { isCutShort } from '../../src/data/picture_header';
import type { Example } from './examples';
import type { Drawn, DrawnRequest } from './drawn.worker';

export type SourceKind = 'camera' | 'video' | 'photo' | 'drawn';

/** A picture at a time, as workers take it. */
export type FrameImage = VideoFrame | ImageBitmap;

/** Takes the picture that there is; `shows` is the expression that it was drawn to show. */
export type Offer = (grab: () => FrameImage | Promise<FrameImage>, shows?: string) => void;

export interface Source {
  kind: SourceKind;
  /** What the page shows. */
  element: HTMLVideoElement | HTMLCanvasElement;
  /** Shown as a mirror does, as people expect of a camera that looks at them. */
  mirrored: boolean;
  /**
   * Calls `offer` whenever there is a new picture; `grab` takes it. Until the returned function is called.
   */
  play(offer: Offer): () => void;
  close(): void;
  /** Whom to thank for the picture. */
  credit?: string;
}

/** What stands between a person and their camera, in words with a way on. */
export class SourceError extends Error {
  constructor(
    readonly title: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * @param onEnd called when the camera goes away while it runs
 * @throws SourceError
 */
export async function openCamera(onEnd: () => void): Promise<Source> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new SourceError(
      'This page may not use a camera here',
      'Browsers give pages a camera only over https or on localhost. Videos and photos still work.',
    );
  }
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: 'user' },
    });
  } catch (error) {
    throw cameraError(error as DOMException);
  }
  const [track] = stream.getVideoTracks();
  track.addEventListener('ended', onEnd);
  const video = videoElement();
  video.srcObject = stream;
  await started(video);
  return {
    kind: 'camera',
    element: video,
    mirrored: track.getSettings().facingMode !== 'environment',
    play: (offer) => playVideo(video, offer),
    close() {
      track.removeEventListener('ended', onEnd);
      for (const each of stream.getTracks()) each.stop();
      video.srcObject = null;
    },
  };
}

function cameraError(cause: DOMException): SourceError {
  const words: Record<string, [string, string]> = {
    NotAllowedError: [
      'The camera was not allowed',
      'Allow it for this page in the address bar or in the system settings, then try again. Nothing it sees would leave this machine. Videos and photos still work.',
    ],
    NotFoundError: [
      'No camera was found',
      'Plug one in and try again, or use a video, a photo or drawn faces.',
    ],
    NotReadableError: [
      'The camera does not respond',
      'Another program may be using it. Close it and try again, or use a video, a photo or drawn faces.',
    ],
  };
  const [title, message] = words[cause.name] ?? ['The camera could not be opened', cause.message];
  return new SourceError(title, message, { cause });
}

/** @throws SourceError */
export async function openVideo(file: File): Promise<Source> {
  const video = videoElement();
  const url = URL.createObjectURL(file);
  video.loop = true;
  video.src = url;
  const close = () => {
    video.pause();
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  };
  try {
    await started(video);
  } catch (cause) {
    close();
    throw new SourceError(
      `${file.name} cannot be played`,
      'This browser does not know the format. MP4 (H.264) and WebM are safe choices.',
      { cause },
    );
  }
  return {
    kind: 'video',
    element: video,
    mirrored: false,
    play: (offer) => playVideo(video, offer),
    close,
  };
}

function videoElement(): HTMLVideoElement {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}

async function started(video: HTMLVideoElement): Promise<void> {
  await video.play();
  if (video.videoWidth === 0) throw new Error('it contains no picture');
}

/** A new picture of a video, as it is shown. Browsers that cannot say when there is one are asked often. */
function playVideo(video: HTMLVideoElement, offer: Offer): () => void {
  let handle = 0;
  const grab = () =>
    typeof VideoFrame === 'undefined' ? createImageBitmap(video) : new VideoFrame(video);
  const next = () => {
    offer(grab);
    ask();
  };
  const ask = () => {
    handle = video.requestVideoFrameCallback?.(next) ?? requestAnimationFrame(next);
  };
  // It is paused, and stays so, when its tab is frozen in the background or the phone is locked. Chrome then plays
  // a file again without going on in it, until it is told where.
  const goOn = () => {
    if (document.hidden || !video.paused) return;
    video.currentTime += 0;
    void video.play();
  };
  document.addEventListener('visibilitychange', goOn);
  void video.play();
  ask();
  return () => {
    document.removeEventListener('visibilitychange', goOn);
    if (video.cancelVideoFrameCallback) video.cancelVideoFrameCallback(handle);
    else cancelAnimationFrame(handle);
    video.pause();
  };
}

/** @throws SourceError */
export async function openExample({ title, url, shows, credit }: Example): Promise<Source> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) {
    throw new SourceError(
      `${title} could not be loaded`,
      'Are you offline? Then try a photo of your own.',
    );
  }
  const source = await openPhoto(new File([await response.blob()], title), shows);
  return { ...source, credit };
}

/** @throws SourceError */
export async function openPhoto(file: File, shows?: string): Promise<Source> {
  let picture: ImageBitmap;
  try {
    // Firefox fills up what is missing without a word.
    if (isCutShort(new Uint8Array(await file.arrayBuffer()))) throw new Error('cut short');
    picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (cause) {
    throw new SourceError(
      `${file.name} is not a picture this browser can read`,
      'JPEG, PNG, WebP and AVIF are safe choices.',
      { cause },
    );
  }
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d')!.drawImage(picture, 0, 0);
  return {
    kind: 'photo',
    element: canvas,
    mirrored: false,
    play(offer) {
      offer(() => createImageBitmap(canvas), shows);
      return () => undefined;
    },
    close: () => picture.close(),
  };
}

/** Pixels of a drawn face, of the frame around it, and pictures a second. */
const DRAWN = { size: 128, frames: 10, scale: 2, width: 480, height: 360, rate: 12 };

/** Persons that do not exist, each from rest to an expression and back. */
export function openDrawn(): Source {
  const canvas = document.createElement('canvas');
  const face = document.createElement('canvas');
  const { size, frames, scale, width, height } = DRAWN;
  Object.assign(canvas, { width, height });
  Object.assign(face, { width: size, height: size });
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#8a8a8a';
  context.fillRect(0, 0, width, height);
  const faceContext = face.getContext('2d')!;
  const image = new ImageData(size, size);
  const worker = new Worker(new URL('./drawn.worker.ts', import.meta.url), { type: 'module' });
  /** Sequences that are drawn, one after another; more are asked for while the last one plays. */
  const ready: { pixels: Uint8Array; shows: string[] }[] = [];
  let person = 0;
  let asked = false;
  let at = 0;
  worker.onmessage = ({ data: { images, shows } }: MessageEvent<Drawn>) => {
    asked = false;
    const length = frames * size * size;
    for (let i = 0; i * frames < shows.length; i++) {
      ready.push({
        pixels: images.subarray(i * length, (i + 1) * length),
        shows: shows.slice(i * frames, (i + 1) * frames),
      });
    }
  };
  /** Draws the next picture and says what it shows; undefined while there is none. */
  const draw = (): string | undefined => {
    if (ready.length < 2 && !asked) {
      worker.postMessage({ person: person++, size, frames } satisfies DrawnRequest);
      asked = true;
    }
    if (ready.length === 0) return undefined;
    const frame = at < frames ? at : 2 * frames - 1 - at; // there and back again
    const shows = ready[0].shows[frame];
    const pixels = ready[0].pixels.subarray(frame * size * size, (frame + 1) * size * size);
    for (let i = 0; i < pixels.length; i++) {
      image.data.fill(pixels[i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    at = (at + 1) % (2 * frames);
    if (at === 0) ready.shift();
    faceContext.putImageData(image, 0, 0);
    const side = size * scale;
    context.drawImage(face, (width - side) / 2, (height - side) / 2, side, side);
    return shows;
  };
  return {
    kind: 'drawn',
    element: canvas,
    mirrored: false,
    play(offer) {
      const timer = setInterval(() => {
        const shows = draw();
        if (shows !== undefined) offer(() => createImageBitmap(canvas), shows);
      }, 1000 / DRAWN.rate);
      return () => clearInterval(timer);
    },
    close: () => worker.terminate(),
  };
}
