import * as files from 'node:fs/promises';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { JsonLines, writeWhole } from '../../cli/files';
import { main as exportOnnx } from '../../cli/export';
import { main as predict } from '../../cli/predict';
import { main as train } from '../../cli/train';
import { openData } from '../../cli/source';
import { diskTree } from '../../src/data/node_files';
import { FacegradError } from '../../src/gpu/errors';

vi.mock('node:fs/promises', async (original) => ({ ...(await original<typeof files>()) }));

const folder = mkdtempSync(join(tmpdir(), 'facegrad-failure-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const full = (call: string) =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: 'ENOSPC' });

/** A disk that is full from a given call on. */
function fill(call: 'open' | 'writeFile' | 'sync' | 'rename') {
  const { open } = files;
  if (call === 'open' || call === 'rename') {
    vi.spyOn(files, call).mockRejectedValueOnce(full(call));
    return;
  }
  vi.spyOn(files, 'open').mockImplementationOnce(async (...args) => {
    const file = await open(...args);
    vi.spyOn(file, call).mockRejectedValueOnce(full(call));
    return file;
  });
}

describe('a disk that is full', () => {
  it.each(['open', 'writeFile', 'sync', 'rename'] as const)(
    'at %s leaves the file that was there',
    async (call) => {
      const path = join(folder, 'weights.safetensors');
      await writeWhole(path, 'the weights from before');
      fill(call);
      const error = await writeWhole(path, 'better ones').catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FacegradError);
      expect((error as FacegradError).kind).toBe('file');
      expect((error as Error).message).toMatch(/weights\.safetensors could not be written: .*full/);
      expect(readFileSync(path, 'utf8')).toBe('the weights from before');
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
  );

  it('a folder that cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '');
    const error = await writeWhole(join(folder, 'file', 'x'), 'x').catch((e: unknown) => e);
    expect((error as FacegradError).kind).toBe('file');
    expect(() => new JsonLines(join(folder, 'file', 'x'))).toThrow(/file.x could not be written/);
  });
});

describe('commands say which file', () => {
  const spec = (data: string) => ({ data, without: [], lastFrame: false, fold: 0 });
  const path = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['data that is not there', () => openData(spec(join(folder, 'none'))), /none/],
    ['a zip that is not there', () => openData(spec(join(folder, 'none.zip'))), /none\.zip/],
    [
      'a zip that is none',
      () => openData(spec(path('a.zip', 'text'))),
      /a\.zip: the zip file is incomplete/,
    ],
    [
      'a file that is no data',
      () => openData(spec(path('a.txt', 'x'))),
      /a\.txt: expected fer2013\.csv.*found only a\.txt/,
    ],
    ['a csv without header', () => openData(spec(path('a.csv', '1,2,3\n'))), /a\.csv: .*header/],
    [
      'a csv that is one long line',
      () => openData(spec(path('b.csv', 'x'.repeat(2 ** 21)))),
      /line has more than/,
    ],
    ['a folder that is not there', () => diskTree(join(folder, 'gone')), /gone: ENOENT/],
    [
      'weights that are none',
      () =>
        exportOnnx(['--weights', path('w', 'hello, I am no weights'), '--out', join(folder, 'o')]),
      /w: its header should take/,
    ],
    [
      'weights of no bytes',
      () => predict([path('p.png', ''), '--weights', path('w0', '')]),
      /w0: is not a safetensors file/,
    ],
    ['a run that is none', () => train(['--resume', folder]), /has no run to resume/],
    ['settings that are no JSON', () => train(['--config', path('s.json', '{')]), /s\.json/],
  ])('%s', async (_, action, message) => {
    const error = await action().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FacegradError);
    expect((error as Error).message).toMatch(message);
  });
});
