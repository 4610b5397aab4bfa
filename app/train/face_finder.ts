/** The face detector of the Live page, for pictures to learn from: cut as Live cuts what it reads. */
import { cutSquare, type Picture } from '../../src/data/pictures';
import { cropSquare, type Box } from '../live/geometry';
import type { DetectorReply, DetectorRequest } from '../live/messages';

/** The largest face in a frame. */
export interface Found {
  /** The frame, scaled down as it was searched. */
  frame: Picture;
  /** The square that a network is given, in pixels of that frame; undefined without a face. */
  square?: Box;
}

/** What a network is given of a frame with a face. */
export const faceOf = ({ frame, square }: Found): Picture | undefined =>
  square && cutSquare(frame, square);

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
}

/** Its worker starts with the first frame. */
export class FaceFinder {
  #worker?: Worker;
  #number = 0;
  readonly #waiting = new Map<number, Waiting>();

  /**
   * @param frame is closed
   * @param still searched for small faces too, as Live searches photographs
   */
  find(frame: VideoFrame | ImageBitmap, still: boolean): Promise<Found> {
    const worker = (this.#worker ??= this.#start());
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      const request: DetectorRequest = { type: 'frame', number, frame, still };
      worker.postMessage(request, [frame]);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('../live/detector.worker.ts', import.meta.url), {
      type: 'module',
      name: 'detector',
    });
    worker.onmessage = ({ data }: MessageEvent<DetectorReply>) => {
      if (data.type === 'error') this.#fail(data.message);
      if (data.type !== 'faces') return;
      this.#waiting.get(data.number)?.resolve(largest(data));
      this.#waiting.delete(data.number);
    };
    worker.onerror = () => this.#fail('its program could not be loaded');
    return worker;
  }

  #fail(reason: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const error = new Error(`The face detector failed: ${reason}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function largest(reply: DetectorReply & { type: 'faces' }): Found {
  const { width, height, pixels, faces } = reply;
  const area = ({ width, height }: Box) => width * height;
  const [face] = [...faces].sort((a, b) => area(b.box) - area(a.box));
  const frame = { width, height, data: new Uint8ClampedArray(pixels) };
  return { frame, square: face && cropSquare(face.box) };
}
