import { modules } from 'virtual:facegrad-peers';
import type { PeerLoader, Untyped } from '../../bench/peers/packages';

/** Chunks of this site in place of files. TensorFlow.js's scripts would leave it at `tf`. */
export const loader: PeerLoader = {
  async script(path) {
    const library = await modules[path]();
    (globalThis as Untyped).tf ??= library; // the first is the one that its backends add to
  },
  module: (path) => modules[path](),
  url: () => '', // a chunk knows where its own files lie
};
