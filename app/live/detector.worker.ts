/**
 * Finds faces in frames, on a CPU thread of its own: BlazeFace (full range) by MediaPipe, whose files
 * come with the page. Nothing is fetched from anywhere else.
 */
import { FaceDetector, FilesetResolver } from '@mediapipe/tasks-vision';
import loader from '@mediapipe/tasks-vision/vision_wasm_module_internal.js?url';
import binary from '@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url';
import model from 'virtual:face-model?url';
import type { DetectorReply, DetectorRequest, Detection } from './messages';
import { fit, type Box } from './geometry';
import { isCut, mergeFaces, tilesOf } from './tiles';

/** Longest side of what is searched at once: faces from about 40 pixels up are found in it. */
const LONGEST_SIDE = 640;
/** Longest side of a still; what is larger than the above is searched by tiles as well. */
const LONGEST_STILL = 2048;

const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext('2d', { willReadFrequently: true })!;
let starting: Promise<FaceDetector> | undefined;

function start(): Promise<FaceDetector> {
  starting ??= FaceDetector.createFromOptions(
    { wasmLoaderPath: loader, wasmBinaryPath: binary },
    {
      baseOptions: { modelAssetPath: model, delegate: 'CPU' },
      runningMode: 'IMAGE',
      minDetectionConfidence: 0.5,
      // Without one it makes a canvas of the document for what it takes for Safari, and a worker has no document.
      canvas: new OffscreenCanvas(1, 1),
    },
  ).catch(async (cause: Error) => {
    if (await FilesetResolver.isSimdSupported()) throw cause;
    throw new Error('this browser’s WebAssembly has no SIMD, which it needs', { cause });
  });
  return starting;
}

/** Draws the frame, small enough; the frame is closed, or the camera would stall. */
function readPixels(frame: VideoFrame | ImageBitmap, longest: number): ImageData {
  const [width, height] =
    'displayWidth' in frame
      ? [frame.displayWidth, frame.displayHeight]
      : [frame.width, frame.height];
  const size = fit(width, height, longest);
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  context.drawImage(frame, 0, 0, size.width, size.height);
  frame.close();
  return context.getImageData(0, 0, size.width, size.height);
}

/** Draws a part of what was drawn, at the size that is searched. */
const part = new OffscreenCanvas(1, 1);
const partContext = part.getContext('2d', { willReadFrequently: true })!;

function readPart({ x, y, width, height }: Box): ImageData {
  const size = fit(width, height, LONGEST_SIDE);
  Object.assign(part, size);
  partContext.drawImage(canvas, x, y, width, height, 0, 0, size.width, size.height);
  return partContext.getImageData(0, 0, size.width, size.height);
}

/** Faces in a part of the picture, in pixels of the whole. */
function detect(detector: FaceDetector, image: ImageData, { x: left, y: top, width }: Box) {
  const scale = width / image.width;
  return detector
    .detect(image)
    .detections.map(({ boundingBox, keypoints, categories }): Detection => ({
      box: {
        x: left + boundingBox!.originX * scale,
        y: top + boundingBox!.originY * scale,
        width: boundingBox!.width * scale,
        height: boundingBox!.height * scale,
      },
      points: keypoints.map(({ x, y }) => ({
        x: left + x * image.width * scale,
        y: top + y * image.height * scale,
      })),
      score: categories[0].score,
    }));
}

/** Searches a large picture as a whole, and by tiles, where the smaller faces are large enough. */
function detectByTiles(detector: FaceDetector, { width, height }: ImageData): Detection[] {
  const whole = { x: 0, y: 0, width, height };
  const faces = detect(detector, readPart(whole), whole);
  for (const tile of tilesOf(width, height, LONGEST_SIDE)) {
    const found = detect(detector, readPart(tile), tile);
    faces.push(...found.filter(({ box }) => !isCut(box, tile, width, height)));
  }
  return mergeFaces(faces);
}

function reply(message: DetectorReply, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

addEventListener('message', async ({ data }: MessageEvent<DetectorRequest>) => {
  try {
    const detector = await start();
    if (data.type === 'start') return reply({ type: 'ready' });
    const begin = performance.now();
    const image = readPixels(data.frame, data.still ? LONGEST_STILL : LONGEST_SIDE);
    const { width, height } = image;
    const faces =
      Math.max(width, height) > LONGEST_SIDE
        ? detectByTiles(detector, image)
        : detect(detector, image, { x: 0, y: 0, width, height });
    const { number } = data;
    const pixels = image.data.buffer;
    const ms = performance.now() - begin;
    reply({ type: 'faces', number, width, height, pixels, faces, ms }, [pixels]);
  } catch (error) {
    const number = data.type === 'frame' ? data.number : undefined;
    if (data.type === 'frame') data.frame.close();
    reply({ type: 'error', number, message: (error as Error).message });
  }
});
