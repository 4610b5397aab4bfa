/** Pictures of one's own from the camera: what is recorded, and the way back. */
import { signal } from '@preact/signals';
import { greySquare } from '../../src/data/pictures';
import type { Box } from '../live/geometry';
import { FaceFinder, faceOf } from './face_finder';

export const SIZE = 48;
/** Milliseconds between two pictures: neighbours in time look alike. */
const RATE_MS = 120;

/** One class and its pictures, SIZE x SIZE, grey. */
export interface Take {
  name: string;
  frames: readonly Uint8Array[];
}

export const takes = signal<readonly Take[]>([
  { name: 'smile', frames: [] },
  { name: 'serious', frames: [] },
]);
/** What was there before each change of the pictures, the last one at the end. */
export const before = signal<readonly (readonly Take[])[]>([]);

export const stream = signal<MediaStream | undefined>(undefined);
export const cameras = signal<readonly MediaDeviceInfo[]>([]);
export const problem = signal<string | undefined>(undefined);
/** The frame that was searched last, and the square around its face. */
export const seen = signal<{ width: number; height: number; square?: Box } | undefined>(undefined);
/** The class whose button is held. */
export const holding = signal<number | undefined>(undefined);
/** Whether a picture without a face is recorded too: its middle square. */
export const withoutFace = signal(false);

/** `once`: released before there was a picture; the next one is still taken. */
let held: { index: number; taken: number; once: boolean } | undefined;

export function rename(index: number, name: string): void {
  takes.value = takes.value.map((take, i) => (i === index ? { ...take, name } : take));
}

function change(index: number, frames: readonly Uint8Array[]): void {
  takes.value = takes.value.map((take, i) => (i === index ? { ...take, frames } : take));
}

const remember = () => (before.value = [...before.value, takes.value]);

export function addClass(): void {
  takes.value = [...takes.value, { name: `class ${takes.value.length + 1}`, frames: [] }];
}

export function remove(index: number, picture: number): void {
  remember();
  change(
    index,
    takes.value[index].frames.filter((_, i) => i !== picture),
  );
}

/** Takes back the last recording or removal; names and classes stay. */
export function undo(): void {
  const last = before.value.at(-1);
  if (!last) return;
  before.value = before.value.slice(0, -1);
  takes.value = takes.value.map((take, i) => ({ ...take, frames: last[i]?.frames ?? [] }));
}

export function hold(index: number): void {
  remember();
  held = { index, taken: 0, once: false };
  holding.value = index;
}

/** Of another class's button it ends nothing: that one loses focus just after this one was pressed. */
export function release(index: number): void {
  if (held?.index !== index) return;
  holding.value = undefined;
  if (held.taken > 0) held = undefined;
  else held.once = true;
}

const EXPLAIN: Record<string, string> = {
  NotAllowedError:
    'This page may not use the camera. Allow it in the address bar or in the system settings.',
  NotFoundError: 'No camera is connected.',
  NotReadableError: 'Another program is using the camera.',
};

/** @param deviceId the one that faces the person, where none is named */
export async function openCamera(deviceId?: string): Promise<void> {
  closeCamera();
  problem.value = undefined;
  try {
    if (!navigator.mediaDevices) throw new DOMException('', 'NotFoundError');
    const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' };
    const opened = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 480, ...which },
    });
    opened.getVideoTracks()[0].addEventListener('ended', () => {
      closeCamera();
      problem.value = 'The camera was disconnected, or permission was withdrawn.';
    });
    stream.value = opened;
    const devices = await navigator.mediaDevices.enumerateDevices();
    cameras.value = devices.filter(({ kind }) => kind === 'videoinput');
  } catch (error) {
    const { name, message } = error as DOMException;
    problem.value = EXPLAIN[name] ?? `The camera could not be opened: ${message}`;
  }
}

export function closeCamera(): void {
  for (const track of stream.peek()?.getTracks() ?? []) track.stop();
  stream.value = undefined;
  seen.value = undefined;
  holding.value = held = undefined;
}

const finder = new FaceFinder();

/** Looks for the face in a camera's pictures, and records while a button is held, until the camera is closed. */
export async function watch(video: HTMLVideoElement, watched: MediaStream): Promise<void> {
  while (stream.peek() === watched) {
    const next = performance.now() + RATE_MS;
    try {
      if (video.videoWidth > 0) await look(video, watched);
    } catch (error) {
      closeCamera();
      problem.value = `${(error as Error).message}.`;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
}

async function look(video: HTMLVideoElement, watched: MediaStream): Promise<void> {
  let picture: VideoFrame | ImageBitmap;
  try {
    picture =
      typeof VideoFrame === 'undefined' ? await createImageBitmap(video) : new VideoFrame(video);
  } catch {
    return; // between two pictures
  }
  const found = await finder.find(picture, false);
  if (stream.peek() !== watched) return;
  const { frame, square } = found;
  seen.value = { width: frame.width, height: frame.height, square };
  const face = faceOf(found) ?? (withoutFace.peek() ? frame : undefined);
  if (!held || !face) return;
  const { index } = held;
  change(index, [...takes.peek()[index].frames, greySquare(face, { size: SIZE })]);
  held.taken += 1;
  if (held.once) held = undefined;
}
