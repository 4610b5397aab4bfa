/**
 * Zip archives, read entry by entry from a Blob or a file. The sizes are known before anything is
 * inflated, and an entry that inflates to more than it says is given up there: a bomb costs no memory.
 */
import { Inflate } from 'fflate';
import { FacegradError } from '../gpu/errors';
import { crc32 } from './crc32';
import { streamOf, type FileEntry, type FileTree } from './file_tree';
import { readDirectory, viewOf, type ByteSource, type Fail, type ZipEntry } from './zip_directory';

export type { ByteSource };

export interface ZipLimits {
  /** Files and folders (default 200,000). */
  entries?: number;
  /** Inflated bytes of a file that is read as a whole (default 64 MiB). */
  entryBytes?: number;
  /** Inflated bytes of all files (default 4 GiB). */
  totalBytes?: number;
  /** Inflated to packed bytes, of each file over 1 MiB and of all together (default 200). */
  ratio?: number;
}

const DEFAULTS: Required<ZipLimits> = {
  entries: 200_000,
  entryBytes: 2 ** 26,
  totalBytes: 2 ** 32,
  ratio: 200,
};
const MIB = 2 ** 20;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** Packed bytes that are inflated at a time: deflate grows at most 1032-fold, to 16 MiB. */
const STEP = 1 << 14;

/**
 * Opens a zip; its files are read and inflated when they are asked for. Throws `bad-input`, naming the
 * zip and the entry, if it is damaged or cut short, is over a limit, if a path leaves the zip, or if an
 * entry is encrypted, a link, packed in an unknown way or overlaps another.
 */
export async function openZip(
  source: Blob | ByteSource,
  name: string,
  limits: ZipLimits = {},
): Promise<FileTree> {
  const bytes = source instanceof Blob ? blobSource(source) : source;
  const fail: Fail = (what, cause) => {
    throw new FacegradError('bad-input', `${name}: ${what}`, { cause });
  };
  const most = { ...DEFAULTS, ...limits };
  const { entries, begin, guessed } = await readDirectory(bytes, most.entries, fail);
  checkEntries(entries, most, fail);
  checkPlaces(entries, begin, fail);
  const files: FileEntry[] = [];
  const folders: string[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const path = safePath(entry.name, fail);
    if (entry.name.endsWith('/')) {
      if (path !== '') folders.push(path);
      continue;
    }
    if (seen.has(path)) fail(`it contains ${path} twice`);
    seen.add(path);
    const { size } = entry;
    const pieces = () => inflated(bytes, entry, (what, cause) => fail(`${path} ${what}`, cause));
    const read = async () => {
      if (size > most.entryBytes) {
        fail(`${path} has ${size} bytes; at most ${most.entryBytes} are supported`);
      }
      const whole = new Uint8Array(size);
      let length = 0;
      for await (const piece of pieces()) {
        whole.set(piece, length);
        length += piece.length;
      }
      return whole;
    };
    files.push({ path, size, read, stream: () => streamOf(pieces()) });
  }
  const notes = guessed
    ? [
        `${name} does not say how its file names are encoded; they are read as code page 437: ${guessed}.`,
      ]
    : [];
  return { name, files, folders, notes };
}

function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** A path that stays in the zip, without `.`, or an error. */
function safePath(given: string, fail: Fail): string {
  if (given === '' || given.includes('\0')) return fail(`an entry's name is '${given}'`);
  if (/^[\\/]|^[A-Za-z]:/.test(given)) return fail(`${given} is an absolute path`);
  if (given.split(/[\\/]/).includes('..')) return fail(`${given} points outside the zip`);
  const parts = given.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}

function checkEntries(entries: ZipEntry[], most: Required<ZipLimits>, fail: Fail): void {
  let [allSize, allPacked] = [0, 0];
  for (const { name, encrypted, link, method, size, packed } of entries) {
    if (encrypted) fail(`${name} is encrypted`);
    if (link) fail(`${name} is a link`);
    if (method !== STORED && method !== DEFLATED) {
      fail(`${name} uses compression method ${method}; only stored and deflated are supported`);
    }
    if (method === STORED && size !== packed) {
      fail(`${name} is stored uncompressed in ${packed} bytes but should have ${size}`);
    }
    const ratio = size / Math.max(1, packed);
    if (size > MIB && ratio > most.ratio) {
      fail(`${name} inflates to ${Math.round(ratio)} times its size, like a zip bomb`);
    }
    allSize += size;
    allPacked += packed;
  }
  if (allSize > most.totalBytes) {
    fail(`${allSize} bytes when inflated; at most ${most.totalBytes} are supported`);
  }
  const ratio = allSize / Math.max(1, allPacked);
  if (allSize > MIB && ratio > most.ratio) {
    fail(`it inflates to ${Math.round(ratio)} times its size, like a zip bomb`);
  }
}

/** Entries that share bytes are how a small bomb unfolds into a large one. */
function checkPlaces(entries: ZipEntry[], directory: number, fail: Fail): void {
  const inOrder = [...entries].sort((a, b) => a.offset - b.offset);
  inOrder.forEach(({ name, offset, packed }, i) => {
    const next = inOrder[i + 1]?.offset ?? directory;
    if (offset + 30 + packed > next) fail(`${name} overlaps what comes after it`);
  });
}

/** An entry's bytes as they are inflated, never more than it says; its checksum is checked at the end. */
async function* inflated(
  source: ByteSource,
  { offset, method, packed, size, crc }: ZipEntry,
  fail: Fail,
): AsyncGenerator<Uint8Array> {
  const header = viewOf(await source.read(offset, 30));
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) {
    return fail('is not where the directory says it is');
  }
  const begin = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  let pieces: Uint8Array[] = [];
  const inflater = new Inflate((piece) => pieces.push(piece));
  let [length, checksum] = [0, 0];
  for (let from = 0; from < packed; from += MIB) {
    const some = await source.read(begin + from, Math.min(MIB, packed - from));
    if (some.length !== Math.min(MIB, packed - from)) fail('is truncated');
    for (let at = 0; at < some.length; at += STEP) {
      const part = some.subarray(at, at + STEP);
      pieces = method === STORED ? [part] : [];
      try {
        if (method === DEFLATED) inflater.push(part, from + at + STEP >= packed);
      } catch (cause) {
        fail(`cannot be inflated (${(cause as Error).message})`, cause);
      }
      for (const piece of pieces) {
        length += piece.length;
        if (length > size) fail(`inflates to more than the ${size} bytes it declares`);
        checksum = crc32(piece, checksum);
        yield piece;
      }
    }
  }
  if (length < size) fail(`inflates to ${length} bytes but declares ${size}`);
  if (checksum !== crc) fail('is damaged: its checksum does not match');
}
