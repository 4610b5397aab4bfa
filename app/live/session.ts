import { computed, signal } from '@preact/signals';
import { adapterName } from '../../src/gpu/device';
import { NO_GPU } from '../shared/no_gpu';
import type { Example } from './examples';
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
import { openCamera, openDrawn, openExample, openPhoto, openVideo, SourceError } from './sources';
import type { FrameImage, Source } from './sources';
import { SpeedMeter, type Speed } from './speed';
import { track, type Track } from './tracker';

/** Faces of a photo that are read at most. */
const FACES_OF_A_PHOTO = 32;

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
  /** From left to right, as they are shown. */
  faces: { id: number; box: Box; probabilities: Float32Array[] }[];
  /** The expression that the picture was drawn to show, where that is known. */
  shows?: string;
  stages?: Stages;
  /** When its picture was taken, as `performance.now()`. */
  time: number;
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
  shows?: string;
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
  readonly waiting = computed(() => {
    if (this.#opening.value !== undefined) return this.#opening.value;
    if (this.#loading.value > 0) return 'Loading weights …';
    if (!this.source.value || this.problem.value) return undefined;
    if (!this.#detectorReady.value) return 'Starting the face detector …';
    return this.view.value ? undefined : 'Looking for faces …';
  });
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

  readonly #opening = signal<string | undefined>(undefined);
  readonly #detectorReady = signal(false);
  /** How many times weights are being loaded. */
  readonly #loading = signal(0);

  #detector?: Worker;
  #network?: Worker;
  #networkReady = false;
  #files: WeightsFile[];
  /** Those that the worker is reading, in turn, and whom to tell whether they are taken. */
  #loads: { files: WeightsFile[]; settle(taken: boolean): void }[] = [];
  #stopPlaying?: () => void;
  #number = 0;
  #detecting?: { number: number; time: number; shows?: string };
  #reading?: Pending;
  #waitingToRead?: Pending;
  #readSince = 0;
  /** Running means in ms. */
  #detectorMs = 0;
  #networkMs = 0;
  #tracks: Track[] = [];
  #nextId = 1;
  #meter = new SpeedMeter();
  #lostAt = -Infinity;

  constructor(files: WeightsFile[]) {
    this.#files = files;
    this.#startNetwork();
  }

  /**
   * Takes other weights; what was loaded stays where these cannot be read.
   * @returns whether they were taken
   */
  load(files: WeightsFile[]): Promise<boolean> {
    this.problem.value = undefined;
    this.#networkReady = false;
    this.#askNetwork({ type: 'networks', networks: files });
    return new Promise((settle) => {
      this.#loads.push({ files, settle });
      this.#loading.value = this.#loads.length;
    });
  }

  #loaded(taken: boolean): void {
    const load = this.#loads.shift();
    this.#loading.value = this.#loads.length;
    if (taken) this.#files = load!.files;
    this.#networkReady = this.#loads.length === 0 && this.networks.value.length > 0;
    load?.settle(taken);
    if (this.#waitingToRead) this.#readNext();
    else if (this.#networkReady) this.#replay();
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

  async openExample(example: Example): Promise<void> {
    await this.#open(
      `Opening ${example.title} …`,
      () => openExample(example),
      () => void this.openExample(example),
    );
  }

  async openDrawn(): Promise<void> {
    await this.#open('Drawing faces …', async () => openDrawn());
  }

  async #open(words: string, open: () => Promise<Source>, retry?: () => void): Promise<void> {
    this.close();
    if (this.unsupported.value) return;
    this.problem.value = undefined;
    this.#opening.value = words;
    this.#startDetector(); // meanwhile
    const number = this.#number;
    try {
      const source = await open();
      if (number !== this.#number) return source.close(); // another one was opened since
      this.source.value = source;
      this.#opening.value = undefined;
    } catch (error) {
      if (number !== this.#number) return;
      const { title, message } = error as SourceError;
      this.problem.value = {
        title: title ?? 'This source could not be opened',
        text: message,
        retry,
      };
      this.#opening.value = undefined;
      return;
    }
    this.play();
  }

  /** Begins or goes on. */
  play(): void {
    const source = this.source.value;
    if (!source || this.playing.value) return;
    this.playing.value = true;
    this.#stopPlaying = source.play((grab, shows) => void this.#offer(grab, shows));
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
    this.#opening.value = undefined;
    this.#detecting = undefined;
    this.#waitingToRead = undefined;
    this.#reading = undefined;
    this.#tracks = [];
    this.#meter = new SpeedMeter();
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

  async #offer(grab: () => FrameImage | Promise<FrameImage>, shows?: string): Promise<void> {
    // A photo's faces are looked for while weights load; a moving picture's would be old by then.
    const still = this.source.value?.kind === 'photo';
    if (!(this.#networkReady || still) || this.#detecting || this.#waitingToRead) return;
    const busyFor = this.#reading ? this.#readSince + this.#networkMs - performance.now() : 0;
    if (busyFor > this.#detectorMs) return;
    const number = ++this.#number;
    const time = performance.now();
    this.#detecting = { number, time, shows };
    try {
      const frame = await grab();
      this.#askDetector({ type: 'frame', number, frame, still }, [frame]);
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
    this.#detectorReady.value = false;
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
      this.#detectorReady.value = true;
      return;
    }
    if (reply.number !== this.#detecting?.number) return; // of a source that was closed
    const { number, time, shows } = this.#detecting;
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
    this.#waitingToRead = { number, time, shows, width, height, pixels, tracks, detectorMs: ms };
    this.#readNext();
  }

  #readNext(): void {
    if (!this.#networkReady || this.#reading || !this.#waitingToRead) return;
    const pending = this.#waitingToRead;
    this.#waitingToRead = undefined;
    this.#reading = pending;
    this.#readSince = performance.now();
    const { number, width, height, pixels, tracks } = pending;
    const way = this.source.value?.mirrored ? -1 : 1;
    tracks.sort((a, b) => way * (a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2)));
    const faces = tracks.map(({ id, box }) => ({ id, box: cropSquare(box) }));
    const wanted = this.shown.value;
    const show = faces.find(({ id }) => id === wanted)?.id ?? faces[0]?.id;
    const carry = this.carry.value && this.source.value?.kind !== 'photo';
    const size = { width, height, pixels };
    this.#askNetwork({ type: 'read', number, ...size, faces, carry, show }, [pixels]);
  }

  #startNetwork(): void {
    while (this.#loads.length > 0) this.#loaded(false); // of a worker that is gone
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
    void this.load(this.#files);
  }

  #onNetwork(reply: NetworkReply): void {
    switch (reply.type) {
      case 'networks': {
        this.networks.value = reply.networks;
        this.adapter.value = adapterName(reply.adapter);
        this.#loaded(true);
        this.#startDetector(); // so that it is there when a picture comes
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
    const { width, height, time, shows, tracks, detectorMs } = pending;
    const boxes = new Map(tracks.map(({ id, box }) => [id, box]));
    const seen = faces.map((face) => ({ ...face, box: boxes.get(face.id)! }));
    this.view.value = { width, height, faces: seen, shows, stages, time };
    const end = performance.now();
    this.#networkMs += NEW_SHARE * (end - this.#readSince - this.#networkMs);
    this.#meter.add({ end, latency: end - time, detector: detectorMs, network: ms });
    if (number % 5 === 0 && this.source.value?.kind !== 'photo') {
      this.speed.value = this.#meter.speed;
    }
    this.#readNext();
  }

  #onNetworkError({ doing, kind, message }: NetworkReply & { type: 'error' }): void {
    this.#reading = undefined;
    this.#waitingToRead = undefined;
    if (doing === 'networks') this.#loaded(false);
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
