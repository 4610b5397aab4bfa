/** Files under a root, wherever they are: a folder on the disk, a drop, a zip. */
import { FacegradError } from '../gpu/errors';

export interface FileEntry {
  /** From the root, parted by `/`. */
  path: string;
  /** Bytes, where they are known without reading. */
  size?: number;
  read(): Promise<Uint8Array>;
  /** The bytes piece by piece, for a file that is too large to hold. */
  stream?(): ReadableStream<Uint8Array>;
  /** Some of the bytes, for a file that is read by places. */
  slice?(offset: number, length: number): Promise<Uint8Array>;
}

export interface FileTree {
  name: string;
  files: FileEntry[];
  /** Folders that are known to be there, by path, also those without files. */
  folders: string[];
  /** What a person should know of it. */
  notes?: string[];
}

/** A file with its place in a folder, where the file itself does not know it. */
export interface PlacedFile {
  path: string;
  file: File;
}

/** The files that a person picked (`<input webkitdirectory>`) or dropped; one file is a tree as well. */
export function treeOfFiles(files: Iterable<File | PlacedFile>, name?: string): FileTree {
  const list = [...files].map((given): FileEntry => {
    const [path, file] =
      given instanceof File
        ? [given.webkitRelativePath || given.name, given]
        : [given.path, given.file];
    const slice = async (offset: number, length: number) =>
      new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
    return {
      path,
      size: file.size,
      read: () => slice(0, file.size),
      stream: () => file.stream(),
      slice,
    };
  });
  const [top, ...rest] = new Set(list.map(({ path }) => path.split('/')[0]));
  const own = rest.length === 0 ? top : undefined;
  return { name: name ?? own ?? 'the chosen files', files: list, folders: [] };
}

/** What is left of a tree below one of its folders. */
export function below<T extends FileEntry>(files: readonly T[], folder: string): T[] {
  const start = `${folder}/`;
  return files
    .filter(({ path }) => path.startsWith(start))
    .map((file) => ({ ...file, path: file.path.slice(start.length) }));
}

/** Names of the folders at the root that hold files, in order. */
export function topFolders(files: readonly FileEntry[]): string[] {
  const nested = files.filter(({ path }) => path.includes('/'));
  return [...new Set(nested.map(({ path }) => path.split('/')[0]))].sort();
}

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** What systems and programs leave in folders and nobody put there. */
export function isClutter(path: string): boolean {
  return path
    .split('/')
    .some((part) => part.startsWith('.') || CLUTTER.has(part.toLowerCase()) || part === '');
}

const CLUTTER = new Set(['__macosx', '@eadir', '__pycache__', 'thumbs.db', 'desktop.ini']);

/** Files in a few words: by ending and number, or by name where there are one or two of a kind. */
export function listFiles(files: readonly FileEntry[]): string {
  const kinds = new Map<string, { ending: string; paths: string[] }>();
  for (const { path } of files) {
    const ending = /[^.](\.[a-z0-9]{1,8})$/i.exec(baseName(path))?.[1] ?? path;
    const kind = kinds.get(ending.toLowerCase());
    if (kind) kind.paths.push(path);
    else kinds.set(ending.toLowerCase(), { ending, paths: [path] });
  }
  const words = [...kinds.values()]
    .sort((a, b) => b.paths.length - a.paths.length)
    .flatMap(({ ending, paths }) => (paths.length < 3 ? paths : `${paths.length} ${ending}`));
  return shortList(words);
}

/** The first of a list in words, and how many more there are. */
export function shortList(words: readonly string[], most = 8): string {
  const rest = words.length - most;
  return rest > 0 ? `${words.slice(0, most).join(', ')} and ${rest} more` : words.join(', ');
}

/** The bytes of a stream. Throws `bad-input`, naming `file`, as soon as there are more than `most`. */
export async function readStream(
  stream: ReadableStream<Uint8Array>,
  file: string,
  most: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new FacegradError('bad-input', `${file}: it unpacks to more than ${most} bytes`);
    }
    pieces.push(value as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Pieces as a stream that asks for them as it is read. */
export function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await pieces.return(undefined)),
  });
}
