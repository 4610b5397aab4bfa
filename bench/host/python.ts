import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
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

/**
 * Starts a script of bench/peers, which ends with this process.
 * @returns sends it a message, and resolves with its answer; both begin with their length in 8 bytes
 */
export function startPython(script: string): (message: Uint8Array) => Promise<Uint8Array> {
  const file = fileURLToPath(new URL(`../peers/${script}`, import.meta.url));
  const child = spawn(PYTHON, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  const ended = new Promise<never>((_, reject) => {
    child.on('error', ({ message }) => reject(new Error(`${script} did not start: ${message}`)));
    child.on('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
  });
  ended.catch(() => undefined); // whoever waits for an answer hears of it
  stdin.on('error', () => undefined);
  const take = async (length: number): Promise<Buffer> => {
    for (;;) {
      const bytes = stdout.read(length) as Buffer | null;
      if (bytes) return bytes;
      await Promise.race([once(stdout, 'readable'), ended]);
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return (message) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(message.length));
    stdin.write(length);
    stdin.write(message);
    const answer = last.then(async () => take(Number((await take(8)).readBigUInt64LE())));
    last = answer;
    return answer;
  };
}
