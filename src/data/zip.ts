/**
 * Zip archives, read entry by entry from a Blob or a file, by the directory at their end. The sizes are
 * known before anything is inflated, and an entry that inflates to more than it says is given up
 * there: a bomb costs no memory.
 */
import { Inflate } from 'fflate';
import { FacegradError } from '../gpu/errors';
import type { FileEntry, FileTree } from './file_tree';

/** Bytes that are read in pieces. */
export interface ByteSource {
  size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ZipLimits {
  /** Files and folders (default 200,000). */
  entries?: number;
  /** Inflated bytes of one file (default 64 MiB). */
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
const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_64 = 0x07064b50;
const END_64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  path: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

/**
 * Opens a zip; its files are read and inflated one at a time, when they are asked for. Throws
 * `bad-input`, naming the zip and the entry, if it is damaged or cut short, is over a limit, if a
 * path leaves the zip, or if an entry is encrypted, a link, packed in an unknown way or overlaps another.
 */
export async function openZip(
  source: Blob | ByteSource,
  name: string,
  limits: ZipLimits = {},
): Promise<FileTree> {
  const bytes = source instanceof Blob ? blobSource(source) : source;
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${name}: ${what}`);
  };
  const most = { ...DEFAULTS, ...limits };
  const { count, begin, size } = await readEnd(bytes, fail);
  if (count > most.entries) fail(`${count} entries, ${most.entries} are the most that is read`);
  const entries = parseDirectory(await bytes.read(begin, size), count, fail);
  checkSizes(entries, most, fail);
  checkPlaces(entries, begin, fail);
  const files: FileEntry[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.path.endsWith('/')) folders.push(entry.path.slice(0, -1));
    else files.push({ path: entry.path, read: () => readEntry(bytes, entry, name) });
  }
  return { name, files, folders };
}

type Fail = (what: string) => never;

function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Where the directory is, from the record at the archive's end (or the one for large archives). */
async function readEnd(source: ByteSource, fail: Fail) {
  const length = Math.min(source.size, END_BYTES + 0xffff);
  const start = source.size - length;
  const tail = viewOf(await source.read(start, length));
  let at = length - END_BYTES;
  // The record ends with a comment that must reach the end of the file.
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === length)
  ) {
    at -= 1;
  }
  if (at < 0) return fail('not a whole zip file: the record at its end is missing');
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  if (count === 0xffff || size === 0xffffffff || begin === 0xffffffff) {
    const locator = at - 20;
    if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR_64) {
      return fail('the record of a large zip is missing');
    }
    const place = Number(tail.getBigUint64(locator + 8, true));
    if (place + 56 > source.size)
      return fail('the record of a large zip is not where it should be');
    const record = viewOf(await source.read(place, 56));
    if (record.getUint32(0, true) !== END_64) return fail('the record of a large zip is missing');
    count = Number(record.getBigUint64(32, true));
    size = Number(record.getBigUint64(40, true));
    begin = Number(record.getBigUint64(48, true));
  }
  if (begin + size > start + at) {
    return fail(`the directory of ${size} bytes at ${begin} does not fit in the file`);
  }
  if (count * 46 > size) return fail(`${count} entries in a directory of ${size} bytes`);
  return { count, begin, size };
}

function parseDirectory(bytes: Uint8Array, count: number, fail: Fail): Entry[] {
  const view = viewOf(bytes);
  const decoder = new TextDecoder();
  const entries: Entry[] = [];
  const seen = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      return fail(`entry ${i} of ${count} is not in the directory`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) =>
      view.getUint16(at + o, true),
    );
    const end = at + 46 + nameLength + extraLength + commentLength;
    if (end > bytes.length) return fail(`entry ${i} of ${count} reaches out of the directory`);
    const extra = at + 46 + nameLength;
    const path = safePath(decoder.decode(bytes.subarray(at + 46, extra)), fail);
    const entry: Entry = {
      path,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    readLargeSizes(entry, view, extra, extra + extraLength);
    if (view.getUint16(at + 8, true) & 1) return fail(`${path} is encrypted`);
    if (view.getUint32(at + 38, true) >>> 28 === 0xa) return fail(`${path} is a link`);
    if (entry.method !== STORED && entry.method !== DEFLATED) {
      return fail(`${path} is packed by method ${entry.method}, wanted stored or deflated`);
    }
    if (seen.has(path)) return fail(`${path} is in it twice`);
    seen.add(path);
    entries.push(entry);
    at = end;
  }
  return entries;
}

/** Sizes of 4 GiB and more stand in an extra field, in this order, each only where it is needed. */
function readLargeSizes(entry: Entry, view: DataView, from: number, to: number): void {
  for (let at = from; at + 4 <= to;) {
    const end = Math.min(to, at + 4 + view.getUint16(at + 2, true));
    if (view.getUint16(at, true) === 1) {
      let place = at + 4;
      for (const field of ['size', 'packed', 'offset'] as const) {
        if (entry[field] !== 0xffffffff || place + 8 > end) continue;
        entry[field] = Number(view.getBigUint64(place, true));
        place += 8;
      }
    }
    at = end;
  }
}

/** A path that stays in the zip, or an error. Windows' archivers have written `\`. */
function safePath(given: string, fail: Fail): string {
  const path = given.replaceAll('\\', '/');
  const parts = path.split('/');
  if (path === '' || path.includes('\0')) return fail(`an entry's name is '${given}'`);
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return fail(`${given} is an absolute path`);
  if (parts.includes('..')) return fail(`${given} leaves the zip`);
  return path;
}

function checkSizes(entries: Entry[], most: Required<ZipLimits>, fail: Fail): void {
  let [size, packed] = [0, 0];
  for (const entry of entries) {
    size += entry.size;
    packed += entry.packed;
    const ratio = entry.size / Math.max(1, entry.packed);
    if (entry.size > most.entryBytes) {
      fail(`${entry.path} has ${entry.size} bytes, ${most.entryBytes} are the most that is read`);
    }
    if (entry.size > MIB && ratio > most.ratio) {
      fail(`${entry.path} inflates to ${Math.round(ratio)} times its size, like a zip bomb`);
    }
    if (entry.method === STORED && entry.size !== entry.packed) {
      fail(`${entry.path} is stored in ${entry.packed} bytes, but has ${entry.size}`);
    }
  }
  if (size > most.totalBytes) {
    fail(`${size} bytes when inflated, ${most.totalBytes} are the most that is read`);
  }
  if (size > MIB && size / Math.max(1, packed) > most.ratio) {
    fail(
      `it inflates to ${Math.round(size / Math.max(1, packed))} times its size, like a zip bomb`,
    );
  }
}

/** Entries that share bytes are how a small bomb unfolds into a large one. */
function checkPlaces(entries: Entry[], directory: number, fail: Fail): void {
  const inOrder = [...entries].sort((a, b) => a.offset - b.offset);
  inOrder.forEach(({ path, offset, packed }, i) => {
    const next = inOrder[i + 1]?.offset ?? directory;
    if (offset + 30 + packed > next) fail(`${path} overlaps what comes after it`);
  });
}

async function readEntry(source: ByteSource, entry: Entry, name: string): Promise<Uint8Array> {
  const fail = (what: string, cause?: unknown): never => {
    throw new FacegradError('bad-input', `${name}: ${entry.path} ${what}`, { cause });
  };
  const header = viewOf(await source.read(entry.offset, 30));
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) {
    return fail('is not where the directory says');
  }
  const begin = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = await source.read(begin, entry.packed);
  if (packed.length !== entry.packed) return fail('is cut short');
  const bytes =
    entry.method === STORED ? packed : inflate(packed, entry.size, (what, e) => fail(what, e));
  if (crc32(bytes) !== entry.crc) return fail('is damaged: its checksum does not hold');
  return bytes;
}

/** Inflates to exactly `size` bytes; stops at the first piece that goes beyond. */
function inflate(
  packed: Uint8Array,
  size: number,
  fail: (what: string, cause?: unknown) => never,
): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  const inflater = new Inflate((piece) => {
    if (length + piece.length <= size) bytes.set(piece, length);
    length += piece.length;
  });
  // Deflate grows at most 1032-fold, so a piece brings at most 16 MiB.
  const step = 1 << 14;
  try {
    for (let at = 0; at < packed.length && length <= size; at += step) {
      inflater.push(packed.subarray(at, at + step), at + step >= packed.length);
    }
  } catch (cause) {
    fail(`cannot be inflated (${(cause as Error).message})`, cause);
  }
  if (length > size) fail(`inflates to more than the ${size} bytes that it says`);
  if (length < size) fail(`inflates to ${length} bytes, it says ${size}`);
  return bytes;
}

let crcTable: Uint32Array | undefined;

/** The checksum of zip and png. */
export function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}
