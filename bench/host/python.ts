import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `PYTHON` in the environment names another one than the first of the path. */
const PYTHON = process.env.PYTHON ?? 'python3';

/** What PyTorch this machine's Python has, and on how many threads it runs; undefined where it has none. */
export function torchVersion(): string | undefined {
  const code =
    'import os, torch; print(f"PyTorch {torch.__version__} on {os.cpu_count()} threads")';
  const { status, stdout } = spawnSync(PYTHON, ['-c', code], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The messages of a stream, each behind its length in 8 bytes. */
export async function* messages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = [];
  let come = 0;
  let length: number | undefined;
  for await (const part of stream) {
    parts.push(part);
    come += part.length;
    while (come >= (length ?? 8)) {
      const all = Buffer.concat(parts);
      const rest = all.subarray(length ?? 8);
      if (length !== undefined) yield all.subarray(0, length);
      length = length === undefined ? Number(all.readBigUInt64LE()) : undefined;
      parts = [rest];
      come = rest.length;
    }
  }
}

/**
 * Starts a script of bench/peers, which ends with this process.
 * @returns sends it a message, and resolves with its answer
 */
export function startPython(script: string): (message: Uint8Array) => Promise<Uint8Array> {
  const file = fileURLToPath(new URL(`../peers/${script}`, import.meta.url));
  const child = spawn(PYTHON, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<never>((_, reject) => {
    child.on('error', ({ message }) => reject(new Error(`${script} did not start: ${message}`)));
    child.on('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
  });
  ended.catch(() => undefined); // whoever waits for an answer hears of it
  child.stdin.on('error', () => undefined);
  const answers = messages(child.stdout as AsyncIterable<Buffer>);
  return async (message) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(message.length));
    child.stdin.write(length);
    child.stdin.write(message);
    const { value } = await answers.next();
    return value ?? ended;
  };
}
