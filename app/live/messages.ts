/** What the page and its workers say to each other. */
import type { AdapterDescription } from '../../src/gpu/device';
import type { ErrorKind } from '../../src/gpu/errors';
import type { NetworkConfig } from '../../src/nn/network';
import type { Provenance } from '../../src/train/weights_file';
import type { Box, Point } from './geometry';
import type { Face, Recognition } from './recogniser';

/** A face as the detector found it, in pixels of the frame that it searched. */
export interface Detection {
  box: Box;
  /** Right eye, left eye, nose, mouth, right ear, left ear. */
  points: Point[];
  score: number;
}

/** A frame as the detector drew it: RGBA bytes. */
export interface Pixels {
  width: number;
  height: number;
  pixels: ArrayBuffer;
}

export type DetectorRequest =
  | { type: 'start' }
  /** A still is searched for small faces too, which takes longer. */
  | { type: 'frame'; number: number; frame: VideoFrame | ImageBitmap; still: boolean };

export type DetectorReply =
  | { type: 'ready' }
  | ({ type: 'faces'; number: number; faces: Detection[]; ms: number } & Pixels)
  | { type: 'error'; number?: number; message: string };

/** A weights file: its bytes, or where they are. */
export interface WeightsFile {
  name: string;
  file?: Uint8Array;
  url?: string;
}

/** What is known of a network from its file. */
export interface NetworkFacts {
  name: string;
  config: NetworkConfig;
  /** It carries a state from one frame to the next. */
  remembers: boolean;
  provenance: Provenance;
  parameters: number;
}

export type NetworkRequest =
  | { type: 'networks'; networks: WeightsFile[] }
  | ({ type: 'read'; number: number; faces: Face[]; carry: boolean; show?: number } & Pixels);

/** The preprocessing of one face: grey levels, raw, equalized and edges. */
export interface Stages {
  id: number;
  size: number;
  pictures: Uint8Array[];
}

export type NetworkReply =
  | { type: 'networks'; networks: NetworkFacts[]; adapter: AdapterDescription }
  | { type: 'read'; number: number; faces: Recognition[]; stages?: Stages; ms: number }
  | { type: 'error'; doing: NetworkRequest['type']; kind: ErrorKind; message: string };
