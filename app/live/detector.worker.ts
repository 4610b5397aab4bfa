/**
 * Finds faces in frames, on a CPU thread of its own: BlazeFace (full range) by MediaPipe, whose files
 * come with the page. Nothing is fetched from anywhere else.
 */
import { FaceDetector, FilesetResolver } from '@mediapipe/tasks-vision';
import loader from '@mediapipe/tasks-vision/vision_wasm_module_internal.js?url';
import binary from '@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url';
import model from 'virtual:face-model?url';
import type { DetectorReply, DetectorRequest } from './messages';
import { fit } from './geometry';

/** Longest side of the frame that is searched: faces from about 40 pixels up are found in it. */
const LONGEST_SIDE = 640;

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
function readPixels(frame: VideoFrame | ImageBitmap): ImageData {
  const [width, height] =
    'displayWidth' in frame
      ? [frame.displayWidth, frame.displayHeight]
      : [frame.width, frame.height];
  const size = fit(width, height, LONGEST_SIDE);
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  context.drawImage(frame, 0, 0, size.width, size.height);
  frame.close();
  return context.getImageData(0, 0, size.width, size.height);
}

function reply(message: DetectorReply, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

addEventListener('message', async ({ data }: MessageEvent<DetectorRequest>) => {
  try {
    const detector = await start();
    if (data.type === 'start') return reply({ type: 'ready' });
    const begin = performance.now();
    const image = readPixels(data.frame);
    const { detections } = detector.detect(image);
    const faces = detections.map(({ boundingBox, keypoints, categories }) => ({
      box: {
        x: boundingBox!.originX,
        y: boundingBox!.originY,
        width: boundingBox!.width,
        height: boundingBox!.height,
      },
      points: keypoints.map(({ x, y }) => ({ x: x * image.width, y: y * image.height })),
      score: categories[0].score,
    }));
    const { width, height } = image;
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
