/** The directory at the end of a zip: what is in it, where, and under which names. */
import { crc32 } from './crc32';

/** Bytes that are read in pieces. */
export interface ByteSource {
  size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ZipEntry {
  /** As it stands there, decoded, parted by `/`. */
  name: string;
  encrypted: boolean;
  link: boolean;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

/** Throws what is wrong, with the zip's name. */
export type Fail = (what: string, cause?: unknown) => never;

const END = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_64 = 0x07064b50;
const END_64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const UNICODE_NAME = 0x7075;
const LARGE_SIZES = 1;

export const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** All entries in order, where the directory begins, and a name whose encoding had to be guessed. */
export async function readDirectory(
  source: ByteSource,
  mostEntries: number,
  fail: Fail,
): Promise<{ entries: ZipEntry[]; begin: number; guessed: string | undefined }> {
  const { count, begin, size } = await readEnd(source, fail);
  if (count > mostEntries) fail(`${count} entries; at most ${mostEntries} are supported`);
  return { ...parseEntries(await source.read(begin, size), count, fail), begin };
}

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
  if (at < 0) return fail('the zip file is incomplete: the record at its end is missing');
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  if (count === 0xffff || size === 0xffffffff || begin === 0xffffffff) {
    const locator = at - 20;
    if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR_64) {
      return fail('the zip64 record is missing');
    }
    const place = Number(tail.getBigUint64(locator + 8, true));
    if (place + 56 > source.size) return fail('the zip64 record is not where it should be');
    const record = viewOf(await source.read(place, 56));
    if (record.getUint32(0, true) !== END_64) return fail('the zip64 record is missing');
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

function parseEntries(bytes: Uint8Array, count: number, fail: Fail) {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  const names: RawName[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      return fail(`entry ${i} of ${count} is not in the directory`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) =>
      view.getUint16(at + o, true),
    );
    const extra = at + 46 + nameLength;
    const end = extra + extraLength + commentLength;
    if (end > bytes.length) return fail(`entry ${i} of ${count} extends past the directory`);
    const flags = view.getUint16(at + 8, true);
    const entry: ZipEntry = {
      name: '',
      encrypted: (flags & 1) !== 0,
      link: view.getUint32(at + 38, true) >>> 28 === 0xa,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    const raw = bytes.subarray(at + 46, extra);
    let unicode = (flags & 0x800) !== 0 ? raw : undefined;
    for (const { id, from, to } of extraFields(view, extra, extra + extraLength)) {
      if (id === LARGE_SIZES) readLargeSizes(entry, view, from, to);
      if (id === UNICODE_NAME) unicode ??= unicodeName(bytes.subarray(from, to), raw);
    }
    entries.push(entry);
    names.push({ raw, unicode });
    at = end;
  }
  const decoded = decodeNames(names);
  decoded.forEach(({ name }, i) => (entries[i].name = name));
  return { entries, guessed: decoded.find(({ guessed }) => guessed)?.name };
}

function* extraFields(view: DataView, begin: number, end: number) {
  for (let at = begin; at + 4 <= end;) {
    const to = Math.min(end, at + 4 + view.getUint16(at + 2, true));
    yield { id: view.getUint16(at, true), from: at + 4, to };
    at = to;
  }
}

/** Sizes of 4 GiB and more, in this order, each only where it is needed. */
function readLargeSizes(entry: ZipEntry, view: DataView, from: number, to: number): void {
  let place = from;
  for (const field of ['size', 'packed', 'offset'] as const) {
    if (entry[field] !== 0xffffffff || place + 8 > to) continue;
    entry[field] = Number(view.getBigUint64(place, true));
    place += 8;
  }
}

// ---- Names

interface RawName {
  raw: Uint8Array;
  /** The bytes in UTF-8, where the entry says so or has them in a field of their own. */
  unicode?: Uint8Array;
}

/** The name in UTF-8 beside one in another code; it holds for that name alone, told by its checksum. */
function unicodeName(field: Uint8Array, raw: Uint8Array): Uint8Array | undefined {
  if (field.length < 5 || field[0] !== 1) return undefined;
  return viewOf(field).getUint32(1, true) === crc32(raw) ? field.subarray(5) : undefined;
}

/**
 * Names that do not say how they are encoded are UTF-8 if all of them can be. Else they are those of some
 * Windows, and nothing says of which: code page 437 has a letter for every byte, so that different
 * names stay different. One decision for the whole zip keeps a folder one folder.
 */
function decodeNames(names: readonly RawName[]): { name: string; guessed: boolean }[] {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  const isUtf8 = (bytes: Uint8Array) => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const all = names.every(({ raw, unicode }) => unicode !== undefined || isUtf8(raw));
  // Some archivers part by a backslash. In a Chinese or Japanese name it is half a letter.
  const parted = names.some(({ raw }) => raw.includes(SLASH));
  const slashes = (name: string) => name.replaceAll('\\', '/');
  return names.map(({ raw, unicode }) => {
    const known = unicode && isUtf8(unicode) ? unicode : raw;
    const guessed = known === raw && !all && raw.some((byte) => byte > 127);
    if (!guessed) return { name: slashes(utf8.decode(known)), guessed };
    const name = Array.from(raw, letter437).join('');
    return { name: parted ? name : slashes(name), guessed };
  });
}

const SLASH = 0x2f;

/** The upper half of code page 437. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

function letter437(byte: number): string {
  return byte < 128 ? String.fromCharCode(byte) : CP437[byte - 128];
}
