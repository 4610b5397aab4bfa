import { mkdtempSync, readdirSync, readFileSync, rmSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freeFolder, JsonLines, readWhole, writeWhole } from '../../cli/files';
import { FacegradError } from '../../src/gpu/errors';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('writeWhole', () => {
  it('makes folders, replaces, and leaves nothing else behind', async () => {
    const path = join(folder, 'a', 'b', 'weights.bin');
    await writeWhole(path, new Uint8Array([1, 2, 3]));
    await writeWhole(path, new Uint8Array([4]));
    expect([...(await readWhole(path))]).toEqual([4]);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['weights.bin']);
  });

  it('leaves the old file as it was when it cannot write the new one', async () => {
    const path = join(folder, 'kept');
    await writeWhole(path, 'old');
    const broken = { toString: () => 'no bytes' } as unknown as Uint8Array;
    await expect(writeWhole(path, broken)).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('fails where the name is a folder, and cleans up', async () => {
    mkdirSync(join(folder, 'taken'));
    await expect(writeWhole(join(folder, 'taken'), 'x')).rejects.toThrow();
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

it('readWhole names the file it cannot read', async () => {
  const missing = readWhole(join(folder, 'missing.csv'));
  await expect(missing).rejects.toThrow(FacegradError);
  await expect(missing).rejects.toThrow('missing.csv');
});

it('JsonLines adds whole lines with the time', () => {
  const log = new JsonLines(join(folder, 'log', 'log.jsonl'));
  log.add({ type: 'step', loss: 0.5 });
  log.add({ type: 'done' });
  const lines = readFileSync(log.path, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).type)).toEqual(['step', 'done']);
  expect(Date.parse(JSON.parse(lines[0]).time)).toBeGreaterThan(0);
});

it('freeFolder counts on where names are taken', () => {
  mkdirSync(join(folder, 'run'));
  mkdirSync(join(folder, 'run-2'));
  expect(freeFolder(folder, 'run')).toBe(join(folder, 'run-3'));
  expect(freeFolder(folder, 'other')).toBe(join(folder, 'other'));
});
