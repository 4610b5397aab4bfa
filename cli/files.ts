import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FacegradError } from '../src/gpu/errors';

/** A file of the person's. Throws `bad-input` with the path and the reason. */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    throw new FacegradError('bad-input', `${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Writes a file whole or not at all: whatever happens, even to the machine, `path` holds either what
 * it held before or all of `bytes`.
 */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // what is thrown matters more
    throw notWritten(path, error);
  }
  // The new name itself reaches the disk with the folder (Windows cannot open one, and need not).
  await open(folder, 'r').then(
    (handle) => handle.sync().finally(() => handle.close()),
    () => undefined,
  );
}

function notWritten(path: string, cause: unknown): FacegradError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOSPC' ? 'the disk is full' : message;
  return new FacegradError('file', `${path} could not be written: ${reason}`, { cause });
}

/** A file of one JSON object a line, each with the time; lines are written as they come. */
export class JsonLines {
  constructor(readonly path: string) {
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw notWritten(path, error);
    }
  }

  add(event: object): void {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`;
    try {
      appendFileSync(this.path, line);
    } catch (error) {
      throw notWritten(this.path, error);
    }
  }
}

/** `<parent>/<name>`, or with -2, -3, … where that is taken. */
export function freeFolder(parent: string, name: string): string {
  for (let i = 1; ; i++) {
    const folder = join(parent, i === 1 ? name : `${name}-${i}`);
    if (!existsSync(folder)) return folder;
  }
}

/** The commit this is, `-dirty` with changes on top, or undefined outside of a checkout. */
export function gitCommit(): string | undefined {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude=*', '--abbrev=10'];
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
