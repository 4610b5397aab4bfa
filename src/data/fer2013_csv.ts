/** Kaggle's fer2013.csv: columns emotion, pixels (48x48 numbers), Usage; 35,887 rows, 300 MB. */
import Papa from 'papaparse';
import { FacegradError } from '../gpu/errors';
import { EXPRESSIONS, SPLITS, type ImageSet, type Split } from './dataset';

const SIZE = 48;
const PIXELS = SIZE * SIZE;
const LONGEST_LINE = 1 << 20;

const USAGES = ['Training', 'PublicTest', 'PrivateTest'];

/** The text of a CSV file: as a whole, or as a stream of bytes that is read piece by piece. */
export type CsvSource = string | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Fer2013CsvOptions {
  /** The file's name, for messages. */
  file?: string;
  /** Splits to keep (default: all three). Rows of others are checked but not stored. */
  splits?: readonly Split[];
}

/**
 * Reads fer2013.csv. Takes CRLF, LF and CR, also mixed, a byte order mark, UTF-16, semicolons or tabs for commas (as
 * Excel saves), and the columns in any order; holds one piece of the text and the pixels read so far, never the whole text. Without a
 * column Usage, as in Kaggle's train.csv, all rows are of training.
 *
 * Returns the wanted splits that have rows. Throws `bad-input` with the file, the row (1 is the
 * first image), the line and the reason if a column is missing, an emotion is unknown, a row
 * does not have 2,304 pixels of 0 to 255, a Usage is unknown, or there is no row at all.
 */
export async function parseFer2013Csv(
  source: CsvSource,
  options: Fer2013CsvOptions = {},
): Promise<Record<Split, ImageSet | undefined>> {
  const rows = new Fer2013Rows(options.file ?? 'fer2013.csv', options.splits ?? SPLITS);
  let rest = '';
  let delimiter: string | undefined;
  for await (const piece of textPieces(source)) {
    const text = rest + piece;
    // Rows do not span lines in this file, so a piece can be parsed up to its last line break. A CR at
    // its very end may be half of one.
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r', text.length - 2)) + 1;
    rest = text.slice(end);
    if (rest.length > LONGEST_LINE) {
      // Not held until memory ends: the longest row has 2,304 pixels of four characters.
      throw rows.error(`a line has more than ${LONGEST_LINE} characters: this is not fer2013.csv`);
    }
    const lines = text.slice(0, end);
    if (lines.trim() !== '') delimiter ??= delimiterOf(lines);
    parseLines(lines, rows, delimiter);
  }
  parseLines(rest, rows, delimiter);
  return rows.finish();
}

/** What parts the fields of the first line, the header. */
function delimiterOf(text: string): string {
  const header = text.trimStart().split(/[\r\n]/, 1)[0];
  return [',', ';', '\t'].find((one) => header.includes(one)) ?? ',';
}

function parseLines(text: string, rows: Fer2013Rows, delimiter = ','): void {
  if (text === '') return;
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  Papa.parse<string[]>(lines.endsWith('\n') ? lines.slice(0, -1) : lines, {
    delimiter,
    newline: '\n',
    step: ({ data }) => rows.add(data),
  });
}

/** What a file's first line says: whether it has pictures as numbers, and whether it says what they are for. */
export async function peekFer2013Csv(
  source: CsvSource,
): Promise<{ faces: boolean; usage: boolean }> {
  let text = '';
  for await (const piece of textPieces(source)) {
    text += piece;
    if (/[\r\n]/.test(text) || text.length > LONGEST_LINE) break;
  }
  const [header] = text.split(/[\r\n]/, 1);
  const fields = Papa.parse<string[]>(header, { delimiter: delimiterOf(header) }).data[0] ?? [];
  const columns = fields.map(columnName);
  return {
    faces: columns.includes('emotion') && columns.includes('pixels'),
    usage: columns.includes('usage'),
  };
}

const columnName = (field: string) => field.trim().toLowerCase();

async function* textPieces(source: CsvSource): AsyncGenerator<string> {
  if (typeof source === 'string') {
    yield source.startsWith('\ufeff') ? source.slice(1) : source;
    return;
  }
  // The decoder leaves out a byte order mark and joins characters cut by a piece's end.
  let decoder: TextDecoder | undefined;
  for await (const bytes of pieces(source)) {
    decoder ??= new TextDecoder(encodingOf(bytes));
    // A piece may be large; what is held beside it is then small all the same.
    for (let at = 0; at < bytes.length; at += PIECE) {
      yield decoder.decode(bytes.subarray(at, at + PIECE), { stream: true });
    }
  }
  if (decoder) yield decoder.decode();
}

/** By the byte order mark: Excel saves text as UTF-16. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

const PIECE = 1 << 22;

function pieces(source: Exclude<CsvSource, string>): AsyncIterable<Uint8Array> {
  if (source instanceof Blob) return blobPieces(source);
  return source instanceof ReadableStream ? streamPieces(source) : source;
}

async function* blobPieces(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < blob.size; start += PIECE) {
    yield new Uint8Array(await blob.slice(start, start + PIECE).arrayBuffer());
  }
}

/** A stream's bytes by its reader: it is not an async iterable in every browser. */
async function* streamPieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {}); // the reader stopped early
  }
}

/** Where the columns are. */
interface Columns {
  emotion: number;
  pixels: number;
  usage?: number;
}

/** Turns the file's rows into image sets. */
class Fer2013Rows {
  private columns: Columns | undefined;
  private line = 0;
  private row = 0;
  private readonly stores = new Map<Split, ImageStore>();
  private readonly scratch = new Uint8Array(PIXELS);

  constructor(
    private readonly file: string,
    private readonly splits: readonly Split[],
  ) {}

  add(fields: string[]): void {
    this.line += 1;
    if (fields.length === 1 && fields[0].trim() === '') return;
    if (!this.columns) {
      this.columns = this.readHeader(fields);
      return;
    }
    this.row += 1;
    const { emotion, pixels, usage } = this.columns;
    const needed = Math.max(emotion, pixels, usage ?? 0) + 1;
    if (fields.length < needed) this.fail(`${fields.length} fields, expected ${needed}`);
    const label = this.readEmotion(fields[emotion]);
    const split = usage === undefined ? 'training' : this.readUsage(fields[usage]);
    this.readPixels(fields[pixels]);
    if (!this.splits.includes(split)) return;
    let store = this.stores.get(split);
    if (!store) this.stores.set(split, (store = new ImageStore()));
    store.push(this.scratch, label);
  }

  finish(): Record<Split, ImageSet | undefined> {
    if (!this.columns) throw this.error('the file is empty');
    if (this.row === 0) throw this.error('it has a header but no images');
    const setOf = (split: Split): ImageSet | undefined =>
      this.stores.get(split)?.finish(`fer2013 ${split}`);
    return {
      training: setOf('training'),
      publictest: setOf('publictest'),
      privatetest: setOf('privatetest'),
    };
  }

  private readHeader(fields: string[]): Columns {
    const names = fields.map(columnName);
    const column = (name: string): number => {
      const index = names.indexOf(name);
      if (index < 0) {
        throw this.error(
          `the header has no column '${name}': it is '${excerpt(fields.join(','))}'`,
        );
      }
      return index;
    };
    const usage = names.indexOf('usage');
    return {
      emotion: column('emotion'),
      pixels: column('pixels'),
      usage: usage < 0 ? undefined : usage,
    };
  }

  private readUsage(field: string): Split {
    const split = field.trim().toLowerCase() as Split;
    if (SPLITS.includes(split)) return split;
    return this.fail(`unknown Usage '${excerpt(field)}', expected ${USAGES.join(', ')}`);
  }

  private readEmotion(field: string): number {
    const text = field.trim();
    if (/^[0-6]$/.test(text)) return Number(text);
    const named = (EXPRESSIONS as readonly string[]).indexOf(text.toLowerCase());
    if (named >= 0) return named;
    return this.fail(`emotion '${excerpt(text)}', expected 0 to 6, or ${EXPRESSIONS.join(', ')}`);
  }

  /** Reads numbers parted by blanks into `scratch`; by hand, as the file has 83 million of them. */
  private readPixels(text: string): void {
    let count = 0;
    let value = -1;
    for (let i = 0; i <= text.length; i++) {
      const code = i < text.length ? text.charCodeAt(i) : 32;
      if (code >= 48 && code <= 57) {
        value = (value < 0 ? 0 : value * 10) + code - 48;
        if (value > 255) this.fail(`pixel ${count} is over 255: '${wordAt(text, i)}'`);
      } else if (code === 32) {
        if (value < 0) continue;
        if (count < PIXELS) this.scratch[count] = value;
        count += 1;
        value = -1;
      } else {
        this.fail(`pixel ${count} is not a number: '${wordAt(text, i)}'`);
      }
    }
    if (count !== PIXELS) this.fail(`${count} pixels, expected ${PIXELS} (${SIZE}x${SIZE})`);
  }

  private fail(what: string): never {
    throw this.error(`row ${this.row} (line ${this.line}): ${what}`);
  }

  error(message: string): FacegradError {
    return new FacegradError('bad-input', `${this.file}: ${message}`);
  }
}

/** Pixels and labels in arrays that double when full. */
class ImageStore {
  private count = 0;
  private images = new Uint8Array(64 * PIXELS);
  private labels = new Uint8Array(64);

  push(image: Uint8Array, label: number): void {
    if (this.count === this.labels.length) {
      this.images = grown(this.images);
      this.labels = grown(this.labels);
    }
    this.images.set(image, this.count * PIXELS);
    this.labels[this.count] = label;
    this.count += 1;
  }

  finish(name: string): ImageSet {
    return {
      name,
      width: SIZE,
      height: SIZE,
      count: this.count,
      images: this.images.slice(0, this.count * PIXELS),
      labels: this.labels.slice(0, this.count),
      classes: EXPRESSIONS,
    };
  }
}

function grown(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * array.length);
  larger.set(array);
  return larger;
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** The word around a character, for messages. */
function wordAt(text: string, index: number): string {
  const start = text.lastIndexOf(' ', index) + 1;
  const end = text.indexOf(' ', index);
  return excerpt(text.slice(start, end < 0 ? text.length : end));
}
