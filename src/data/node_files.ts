/** Data sets from paths on a disk. Node only: nothing that a page loads may import this file. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FacegradError } from '../gpu/errors';
import { SPLITS, type ImageSet, type SequenceSet, type Split } from './dataset';
import { parseFer2013Csv } from './fer2013_csv';
import type { FileTree } from './file_tree';
import {
  loadCkPlusFolder,
  loadFer2013Folder,
  requireSplit,
  type CkPlusOptions,
  type Folder,
} from './load';
import { openZip, type ZipLimits } from './zip';

/** Folders in folders that are walked; links may go in circles. */
const DEEPEST = 8;

/** A folder on the disk. Throws `bad-input` if the path is not one. */
export async function diskFolder(path: string): Promise<Folder> {
  if (!(await statPath(path)).isDirectory()) {
    throw new FacegradError('bad-input', `${path} is not a folder`);
  }
  return {
    name: path,
    read: (file) =>
      readFile(join(path, file)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw new FacegradError('bad-input', `${join(path, file)}: ${error.message}`);
      }),
  };
}

/** Every file under a folder on the disk. Throws `bad-input` if the path is not one. */
export async function diskTree(path: string): Promise<FileTree> {
  if (!(await statPath(path)).isDirectory()) {
    throw new FacegradError('bad-input', `${path} is not a folder`);
  }
  const tree: FileTree = { name: path, files: [], folders: [] };
  const walk = async (inner: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) {
      throw new FacegradError('bad-input', `${path}/${inner}: more than ${DEEPEST} folders deep`);
    }
    for (const name of (await readdir(join(path, inner))).sort()) {
      const place = inner ? `${inner}/${name}` : name;
      const file = join(path, place);
      if ((await statPath(file)).isDirectory()) {
        tree.folders.push(place);
        await walk(place, depth + 1);
      } else {
        tree.files.push({ path: place, read: () => readFile(file) });
      }
    }
  };
  await walk('', 0);
  return tree;
}

/** Opens a zip on the disk; see {@link openZip}. */
export async function diskZip(path: string, limits?: ZipLimits): Promise<FileTree> {
  const { size } = await statPath(path);
  const read = async (offset: number, length: number) => {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  };
  return openZip({ size, read }, path, limits);
}

/**
 * Reads FER2013 from a folder of IDX files or from fer2013.csv (a path that ends in .csv).
 * Throws `bad-input` if the path is neither, if a file cannot be read, or if none of the wanted
 * splits is there.
 */
export async function loadFer2013(
  path: string,
  splits: readonly Split[] = SPLITS,
): Promise<Record<Split, ImageSet | undefined>> {
  if ((await statPath(path)).isDirectory()) {
    return loadFer2013Folder(await diskFolder(path), splits);
  }
  if (!path.toLowerCase().endsWith('.csv')) {
    throw new FacegradError('bad-input', `${path} is neither a folder nor a .csv file`);
  }
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  const sets = await parseFer2013Csv(stream, { file: basename(path), splits });
  requireSplit(sets, path, splits);
  return sets;
}

/** Reads CK+ from its folder on the disk; see {@link loadCkPlusFolder}. */
export async function loadCkPlus(path: string, options?: CkPlusOptions): Promise<SequenceSet> {
  return loadCkPlusFolder(await diskFolder(path), options);
}

async function statPath(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw new FacegradError('bad-input', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
