/** Files and folders on a disk. Node only: nothing that a page loads may import this file. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FacegradError } from '../gpu/errors';
import { isClutter, streamOf, type FileEntry, type FileTree } from './file_tree';

/** Folders in folders that are walked; links may go in circles. */
const DEEPEST = 8;

/** Every file under a folder on the disk, or one file. Throws `bad-input` if there is neither. */
export async function diskTree(path: string): Promise<FileTree> {
  const root = await statPath(path);
  const tree: FileTree = { name: path, files: [], folders: [] };
  if (!root.isDirectory()) {
    const name = basename(path);
    return { name, files: [diskFile(path, name, root.size)], folders: [] };
  }
  const walk = async (inner: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) {
      throw new FacegradError(
        'bad-input',
        `${path}/${inner}: folders are nested more than ${DEEPEST} deep`,
      );
    }
    for (const name of (await readdir(join(path, inner))).sort()) {
      if (isClutter(name)) continue;
      const place = inner ? `${inner}/${name}` : name;
      const file = join(path, place);
      const facts = await statPath(file);
      if (facts.isDirectory()) {
        tree.folders.push(place);
        await walk(place, depth + 1);
      } else {
        tree.files.push(diskFile(file, place, facts.size));
      }
    }
  };
  await walk('', 0);
  return tree;
}

function diskFile(file: string, path: string, size: number): FileEntry {
  return {
    path,
    size,
    read: () => readFile(file).catch((cause) => refuse(file, cause)),
    stream: () => streamOf(filePieces(file)),
    slice: async (offset, length) => {
      const handle = await open(file).catch((cause) => refuse(file, cause));
      try {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await handle.read(bytes, 0, length, offset);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}

async function* filePieces(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    refuse(file, cause);
  }
}

const statPath = (path: string) => stat(path).catch((cause) => refuse(path, cause));

function refuse(path: string, cause: unknown): never {
  throw new FacegradError('bad-input', `${path}: ${(cause as Error).message}`, { cause });
}
