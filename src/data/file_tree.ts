/** Files under a root, wherever they are: a folder on the disk, a drop, a zip. */

export interface FileEntry {
  /** From the root, parted by `/`. */
  path: string;
  read(): Promise<Uint8Array>;
}

export interface FileTree {
  name: string;
  files: FileEntry[];
  /** Folders that are known to be there, by path, also those without files. */
  folders: string[];
}

/** The files of a folder that a person picked (`<input webkitdirectory>`) or dropped. */
export function treeOfFiles(files: Iterable<File>, name = 'chosen files'): FileTree {
  const list = [...files].map((file) => ({
    path: file.webkitRelativePath || file.name,
    read: async () => new Uint8Array(await file.arrayBuffer()),
  }));
  return { name, files: list, folders: [] };
}

/** What systems leave in folders and nobody put there. */
export function isClutter(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}
