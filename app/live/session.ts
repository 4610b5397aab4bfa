import { signal } from '@preact/signals';
import { adapterName } from '../../src/gpu/device';
import { NO_GPU } from '../shared/no_gpu';
import { cropSquare, type Box } from './geometry';
import type {
  DetectorReply,
  DetectorRequest,
  NetworkFacts,
  NetworkReply,
  NetworkRequest,
  Pixels,
  Stages,
  WeightsFile,
} from './messages';
import { FACES, type Recognition } from './recogniser';
import { openCamera, openDrawn, openPhoto, openVideo, SourceError } from './sources';
import type { FrameImage, Source } from './sources';
import { track, type Track } from './tracker';

/** Faces of a photo that are read at most. */
const FACES_OF_A_PHOTO = 32;
/** Frames whose rate and latency are told. */
const WINDOW = 30;

/** After a second crash of the GPU process Chrome gives no GPU for two minutes. */
const GPU_GONE = {
  title: 'The GPU was lost and has not come back',
  text: 'Its driver may have crashed, and the browser may withhold it for a few minutes. The weights are safe.',
};

/** Share of what is measured now in the running means of the workers' times. */
const NEW_SHARE = 0.2;

/** What one frame showed. */
export interface View {
  /** Size of the frame that the boxes are in. */
  width: number;
  height: number;
  faces: { id: number; box: Box; probabilities: Float32Array[] }[];
  stages?: Stages;
  /** When its picture was taken, as `performance.now()`. */
  time: number;
}

export interface Speed {
  framesPerSecond: number;
  /** Medians in ms: from the frame to its labels, and what of it detector and networks took. */
  latency: number;
  detector: number;
  network: number;
}

/** Something to tell; `retry` does again what failed. */
export interface Problem {
  title: string;
  text: string;
  retry?: () => void;
}

interface Pending extends Pixels {
  number: number;
  tracks: Track[];
  time: number;
  detectorMs: number;
}

/**
 * From a source's frames to labels. Detector and networks are workers that work at the same time, each on
 * one frame. A frame is taken when the detector will be done with it just as the networks are free; the
 * others are let go, so that no label is late and nothing is searched that is not read.
 */
export class Session {
  readonly source = signal<Source | undefined>(undefined);
  readonly playing = signal(false);
  /** What is being waited for, in words. */
  readonly waiting = signal<string | undefined>(undefined);
  readonly problem = signal<Problem | undefined>(undefined);
  /** Whether nothing can be run here at all; `problem` says why. */
  readonly unsupported = signal(false);
  readonly networks = signal<NetworkFacts[]>([]);
  readonly adapter = signal('');
  readonly view = signal<View | undefined>(undefined);
  readonly speed = signal<Speed | undefined>(undefined);
  /** Whether the LSTM's state goes on from frame to frame. */
  readonly carry = signal(true);
  /** The face whose preprocessing is shown; the first one where it is not there. */
  readonly shown = signal<number | undefined>(undefined);

  #detector?: Worker;
  #network?: Worker;
  #networkReady = false;
  #files: WeightsFile[];
  /** Those that the worker is reading. */
  #loading: WeightsFile[] = [];
  #stopPlaying?: () => void;
  #number = 0;
  #detecting?: { number: number; time: number };
  #reading?: Pending;
  #waitingToRead?: Pending;
  #readSince = 0;
  /** Running means in ms. */
  #detectorMs = 0;
  #networkMs = 0;
  #tracks: Track[] = [];
  #nextId = 1;
  #timings: { end: number; latency: number; detector: number; network: number }[] = [];
  #lostAt = -Infinity;

  constructor(files: WeightsFile[]) {
    this.#files = files;
    this.#startNetwork();
  }

  /** Takes other weights; what was loaded stays where these cannot be read. */
  load(files: WeightsFile[]): void {
    this.problem.value = undefined;
    this.waiting.value = 'Loading weights …';
    this.#askNetwork({ type: 'networks', networks: files });
    this.#loading = files;
  }

  async openCamera(): Promise<void> {
    await this.#open(
      'Asking for the camera …',
      () => openCamera(() => this.#unplugged()),
      () => {
        void this.openCamera();
      },
    );
  }

  async openFile(file: File): Promise<void> {
    const open = file.type.startsWith('video/') ? openVideo : openPhoto;
    await this.#open(`Opening ${file.name} …`, () => open(file));
  }

  async openDrawn(): Promise<void> {
    await this.#open('Drawing faces …', async () => openDrawn());
  }

  async #open(words: string, open: () => Promise<Source>, retry?: () => void): Promise<void> {
    this.close();
    if (this.unsupported.value) return;
    this.problem.value = undefined;
    this.waiting.value = words;
    try {
      this.source.value = await open();
    } catch (error) {
      const { title, message } = error as SourceError;
      this.problem.value = {
        title: title ?? 'This source could not be opened',
        text: message,
        retry,
      };
      this.waiting.value = undefined;
      return;
    }
    this.#startDetector();
    this.waiting.value = 'Starting the face detector …';
    this.play();
  }

  /** Begins or goes on. */
  play(): void {
    const source = this.source.value;
    if (!source || this.playing.value) return;
    this.playing.value = true;
    this.#stopPlaying = source.play((grab) => void this.#offer(grab));
  }

  pause(): void {
    this.#stopPlaying?.();
    this.#stopPlaying = undefined;
    this.playing.value = false;
  }

  /** Lets the source go: the camera's light goes out. */
  close(): void {
    this.pause();
    this.source.value?.close();
    this.source.value = undefined;
    this.view.value = undefined;
    this.speed.value = undefined;
    this.waiting.value = undefined;
    this.#detecting = undefined;
    this.#waitingToRead = undefined;
    this.#reading = undefined;
    this.#tracks = [];
    this.#timings = [];
    this.#number++;
  }

  dispose(): void {
    this.close();
    this.#detector?.terminate();
    this.#network?.terminate();
  }

  #unplugged(): void {
    this.close();
    this.problem.value = {
      title: 'The camera was disconnected',
      text: 'It was unplugged, or the system took it away. Plug it in and try again, or use a video, a photo or drawn faces.',
      retry: () => void this.openCamera(),
    };
  }

  async #offer(grab: () => FrameImage | Promise<FrameImage>): Promise<void> {
    if (!this.#networkReady || this.#detecting || this.#waitingToRead) return;
    const busyFor = this.#reading ? this.#readSince + this.#networkMs - performance.now() : 0;
    if (busyFor > this.#detectorMs) return;
    const number = ++this.#number;
    const time = performance.now();
    this.#detecting = { number, time };
    try {
      const frame = await grab();
      this.#askDetector({ type: 'frame', number, frame }, [frame]);
    } catch {
      this.#detecting = undefined; // a video between two pictures
    }
  }

  #startDetector(): void {
    if (this.#detector) return;
    this.#detector = new Worker(new URL('./detector.worker.ts', import.meta.url), {
      type: 'module',
      name: 'detector',
    });
    this.#detector.onmessage = ({ data }: MessageEvent<DetectorReply>) => this.#onDetector(data);
    this.#detector.onerror = () => this.#detectorFailed('its program could not be loaded');
    this.#askDetector({ type: 'start' });
  }

  #detectorFailed(reason: string): void {
    this.#detector?.terminate();
    this.#detector = undefined;
    this.close();
    this.problem.value = {
      title: 'The face detector failed',
      text: `It says: ${reason}. Loading the page again may help; if not, another browser may.`,
      retry: () => location.reload(),
    };
  }

  #onDetector(reply: DetectorReply): void {
    if (reply.type === 'error') return this.#detectorFailed(reply.message);
    if (reply.type === 'ready') {
      if (this.waiting.value?.startsWith('Starting')) this.waiting.value = undefined;
      return;
    }
    if (reply.number !== this.#detecting?.number) return; // of a source that was closed
    const { number, time } = this.#detecting;
    this.#detecting = undefined;
    const { width, height, pixels, faces, ms } = reply;
    this.#detectorMs += NEW_SHARE * (performance.now() - time - this.#detectorMs);
    const still = this.source.value?.kind === 'photo';
    const followed = track(still ? [] : this.#tracks, faces, time, this.#nextId, {
      most: still ? FACES_OF_A_PHOTO : FACES,
      confirm: still ? 1 : 2,
    });
    this.#tracks = followed.tracks;
    this.#nextId = followed.nextId;
    const tracks = followed.tracks.filter(({ hits }) => hits >= (still ? 1 : 2));
    this.#waitingToRead = { number, time, width, height, pixels, tracks, detectorMs: ms };
    this.#readNext();
  }

  #readNext(): void {
    if (this.#reading || !this.#waitingToRead) return;
    const pending = this.#waitingToRead;
    this.#waitingToRead = undefined;
    this.#reading = pending;
    this.#readSince = performance.now();
    const { number, width, height, pixels, tracks } = pending;
    const faces = tracks.map(({ id, box }) => ({ id, box: cropSquare(box) }));
    const wanted = this.shown.value;
    const show = faces.find(({ id }) => id === wanted)?.id ?? faces[0]?.id;
    const carry = this.carry.value && this.source.value?.kind !== 'photo';
    const size = { width, height, pixels };
    this.#askNetwork({ type: 'read', number, ...size, faces, carry, show }, [pixels]);
  }

  #startNetwork(): void {
    this.#networkReady = false;
    this.waiting.value = 'Loading weights …';
    this.#network = new Worker(new URL('./network.worker.ts', import.meta.url), {
      type: 'module',
      name: 'network',
    });
    this.#network.onmessage = ({ data }: MessageEvent<NetworkReply>) => this.#onNetwork(data);
    this.#network.onerror = () => {
      this.#onNetwork({
        type: 'error',
        doing: 'networks',
        kind: 'internal',
        message: 'The network’s program could not be loaded.',
      });
    };
    this.load(this.#files);
  }

  #onNetwork(reply: NetworkReply): void {
    switch (reply.type) {
      case 'networks': {
        this.#networkReady = true;
        this.#files = this.#loading;
        this.networks.value = reply.networks;
        this.adapter.value = adapterName(reply.adapter);
        if (this.waiting.value?.startsWith('Loading')) this.waiting.value = undefined;
        this.#replay();
        break;
      }
      case 'read':
        this.#onRead(reply.number, reply.faces, reply.stages, reply.ms);
        break;
      case 'error':
        this.#onNetworkError(reply);
    }
  }

  /** A photo is shown to new weights as well; moving pictures come by themselves. */
  #replay(): void {
    if (this.source.value?.kind !== 'photo') return;
    this.pause();
    this.play();
  }

  #onRead(number: number, faces: Recognition[], stages: Stages | undefined, ms: number): void {
    const pending = this.#reading;
    if (pending?.number !== number) return; // of a source that was closed
    this.#reading = undefined;
    const { width, height, time, tracks, detectorMs } = pending;
    const boxes = new Map(tracks.map(({ id, box }) => [id, box]));
    this.view.value = {
      width,
      height,
      faces: faces.map((face) => ({ ...face, box: boxes.get(face.id)! })),
      stages,
      time,
    };
    const end = performance.now();
    this.#networkMs += NEW_SHARE * (end - this.#readSince - this.#networkMs);
    this.#timings.push({ end, latency: end - time, detector: detectorMs, network: ms });
    if (this.#timings.length > WINDOW) this.#timings.shift();
    if (number % 5 === 0) this.#tellSpeed();
    this.#readNext();
  }

  #tellSpeed(): void {
    const timings = this.#timings;
    if (timings.length < 5 || this.source.value?.kind === 'photo') return;
    const seconds = (timings[timings.length - 1].end - timings[0].end) / 1000;
    this.speed.value = {
      framesPerSecond: (timings.length - 1) / seconds,
      latency: median(timings.map(({ latency }) => latency)),
      detector: median(timings.map(({ detector }) => detector)),
      network: median(timings.map(({ network }) => network)),
    };
  }

  #onNetworkError({ doing, kind, message }: NetworkReply & { type: 'error' }): void {
    this.#reading = undefined;
    this.#waitingToRead = undefined;
    if (this.waiting.value?.startsWith('Loading')) this.waiting.value = undefined;
    if (kind === 'device-lost') return this.#deviceLost(message);
    if (kind === 'unsupported') {
      this.unsupported.value = true;
      const lost = this.#lostAt > 0;
      this.problem.value = {
        ...(lost ? GPU_GONE : NO_GPU),
        retry: () => location.reload(),
      };
      return;
    }
    if (doing === 'networks') {
      const [first] = this.networks.value;
      this.problem.value = {
        title: 'These weights cannot be used',
        text: first ? `${message}. ${first.name} stays.` : message,
      };
      return;
    }
    this.pause();
    this.problem.value = {
      title: 'A frame could not be read',
      text: message,
      retry: () => this.play(),
    };
  }

  /** Starts the networks again, weights and all; where that does not last, it asks first. */
  #deviceLost(message: string): void {
    const again = performance.now() - this.#lostAt < 10_000;
    this.#lostAt = performance.now();
    this.#network!.onmessage = null;
    this.#network!.terminate();
    this.#networkReady = false;
    if (!again) {
      this.#startNetwork();
      return;
    }
    this.pause();
    this.problem.value = {
      title: 'The GPU was lost twice',
      text: `Its driver may have crashed, or another program may need all of it (${message}). The weights are safe.`,
      retry: () => {
        this.problem.value = undefined;
        this.#startNetwork();
        this.play();
      },
    };
  }

  #askDetector(request: DetectorRequest, transfer: Transferable[] = []): void {
    this.#detector!.postMessage(request, transfer);
  }

  #askNetwork(request: NetworkRequest, transfer: Transferable[] = []): void {
    this.#network!.postMessage(request, transfer);
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
