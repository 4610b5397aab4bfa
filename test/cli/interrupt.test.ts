import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';

/** Runs the entry, presses Ctrl-C at the given times after it is ready. */
async function press(work: number, times: number[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [
    'scripts/run.mjs',
    'test/cli/interrupt_entry.ts',
    String(work),
  ]);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const ready = !out.includes('ready');
    out += String(chunk);
    if (ready && out.includes('ready')) {
      for (const ms of times) setTimeout(() => child.kill('SIGINT'), ms);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { code, out };
}

it('Ctrl-C lets the work come to its end, also when npm passes it on once more', async () => {
  const { code, out } = await press(300, [0, 30]);
  expect(out.split('\n').filter(Boolean)).toEqual(['ready', 'stopping', 'written']);
  expect(code).toBe(7);
});

it('a second Ctrl-C ends it at once', async () => {
  const { code, out } = await press(60_000, [0, 1500]);
  expect(out).not.toContain('written');
  expect(code).toBe(130);
});
