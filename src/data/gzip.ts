/** Gzip files, unpacked by the runtime. */
import { FacegradError } from '../gpu/errors';
import { readStream } from './file_tree';

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Bytes that a gzip file may unpack to (FER2013's training images are 66 MB). */
const MOST_BYTES = 2 ** 30;

/**
 * Unpacks a gzip file. Throws `bad-input`, naming `file`, if it is damaged or cut short, or as soon as
 * it gives more than `most` bytes.
 */
export function gunzip(bytes: Uint8Array, file: string, most = MOST_BYTES): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return readStream(gunzipStream(packed, file), file, most);
}

/** The same piece by piece. */
export function gunzipStream(
  packed: ReadableStream<Uint8Array>,
  file: string,
): ReadableStream<Uint8Array> {
  const unpacker = new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>;
  const reader = packed.pipeThrough(unpacker).getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        controller.error(
          new FacegradError(
            'bad-input',
            `${file}: the gzip file is damaged or incomplete (${reason})`,
            { cause },
          ),
        );
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
