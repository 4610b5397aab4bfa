/** Data of one's own on the Train page, good and bad, and settings that do not fit the machine. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EXPRESSIONS } from '../../src/data/dataset';
import { writeSafetensors } from '../../src/train/safetensors';
import { seriousFindings } from './axe';
import {
  click,
  dropFiles,
  fill,
  giveFiles,
  keptRun,
  launch,
  openTab,
  press,
  text,
  waitForData,
} from './browser';
import { waitForStep, waitForText, waitUntil, type Watch } from './browser';
import { drawings, NAMES, writeCsv, writeFolder, writeIdx, writeZip } from './data_files';

/** Quick to compile; two epochs give two rows of the curves. */
const QUICK = 'streams=edges&fusion=concat&epochs=2&batch=8';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-data-'));
const train = drawings(8, 1);
const test = drawings(3, 2);

let browser: Browser;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(hash: string): Promise<void> {
  const context = await browser.createBrowserContext();
  ({ page, watch } = await openTab(context, `index.html#${hash}`));
  await waitForData(page);
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    const seen = await text(page, 'main').catch(String);
    console.log(`${task.name}: ${seen}\n${watch.errors.join('\n')}`);
  }
  await page.browserContext().close();
});

/** Trains to the end, and looks at whose matrix it is. */
async function trains(classes: readonly string[], held: number): Promise<void> {
  await press(page, 'Start training');
  await waitForText(page, '.news', /Training is done/);
  const { losses } = (await keptRun(page))!;
  expect(losses.length).toBeGreaterThanOrEqual(2); // at the end of each epoch at least
  expect(losses.every((loss) => Number.isFinite(loss))).toBe(true);
  const heads = await page.$$eval('.matrix thead th[scope]', (all) =>
    all.map((th) => (th as HTMLElement).title),
  );
  expect(heads).toEqual(classes);
  const cells = await page.$$eval('.matrix td', (all) => all.map((td) => Number(td.textContent)));
  expect(cells.reduce((a, b) => a + b, 0)).toBe(held);
  expect(watch.foreign).toEqual([]);
  expect(watch.errors).toEqual([]);
}

describe('data of one’s own', () => {
  it('a zip by class, with splits in a folder around them', async () => {
    const path = join(folder, 'faces.zip');
    await writeZip(path, train, test);
    await open(QUICK);
    await dropFiles(page, '.drop', path);
    await waitForData(page, /faces\.zip.*24 to learn from, 9 held out.*beaming, crying, gasping/);
    await trains(NAMES, test.length);
  });

  it('a folder by class', async () => {
    const path = join(folder, 'my faces');
    mkdirSync(path);
    await writeFolder(path, drawings(10, 3));
    await open(QUICK);
    await giveFiles(page, 'Folder', path);
    await waitForData(page, /my faces.*held out.*beaming, crying, gasping/);
    const [learn, held] = /(\d+) to learn from, (\d+) held out/
      .exec(await text(page, '.drop'))!
      .slice(1)
      .map(Number);
    expect(learn + held).toBe(30);
    expect(held).toBeGreaterThan(0);
    await press(page, 'Drawn faces');
    await waitForData(page, /synthetic faces.*to learn from/);
    await dropFiles(page, '.drop', path); // dropped it is the same
    await waitForData(page, new RegExp(`my faces.*${learn} to learn from, ${held} held out`));
  });

  it('a csv as FER2013’s', async () => {
    const path = join(folder, 'fer2013.csv');
    writeCsv(path, train, test);
    await open(QUICK);
    await giveFiles(page, 'Files', path);
    await waitForData(page, /24 to learn from, 9 held out.*angry.*neutral/);
    await trains(EXPRESSIONS, test.length);
  });

  it('four IDX files at once, and nothing but one of a pair', async () => {
    const paths = writeIdx(folder, train, test);
    await open(QUICK);
    await giveFiles(page, 'Files', paths[0]);
    await waitForText(page, '.news', /images of training but no training-labels.*still here/);
    await giveFiles(page, 'Files', ...paths);
    await waitForData(page, /24 to learn from, 9 held out.*angry.*neutral/);
    // What the link chose stays, and what follows from the data is shown.
    expect(await page.evaluate(() => location.hash)).toContain('epochs=2');
  });
});

describe('settings', () => {
  const value = (label: string) =>
    page.$eval(
      `::-p-xpath(//label[text()="${label}"]/following-sibling::*[1])`,
      (control) => (control as HTMLInputElement).value,
    );

  it('come from the link, go into it, and say what they take', async () => {
    await open('preset=small&epochs=7&optimizer=sgd&batch=100000&bogus=1');
    await waitForText(page, '.news', /batch, bogus: left at the default/);
    await click(page, '.more:not(.record) summary');
    expect(await value('Epochs')).toBe('7');
    expect(await value('Optimizer')).toBe('sgd');
    expect(await value('Batch')).toBe('16'); // drawn faces' own
    await waitForText(page, '.takes', /Takes .* and \d+ MiB of memory/);
    const before = await text(page, '.takes');
    // By keyboard alone: another preset, which brings its own settings.
    await page.focus('input[value=small]');
    await page.keyboard.press('ArrowDown');
    await waitUntil(page, () => location.hash === '#preset=paper');
    await waitUntil(
      page,
      (before) => document.querySelector<HTMLElement>('.takes')!.innerText !== before,
      before,
    );
    await fill(page, '::-p-xpath(//label[text()="Epochs"]/following-sibling::*[1])', '0');
    await waitForText(page, '.more-groups', /At least 1/);
    expect(await page.$('button[disabled]::-p-text(Start training)')).not.toBeNull();
    await page.keyboard.type('9');
    await waitUntil(page, () => /preset=paper&epochs=0?9/.test(location.hash));
    expect(await seriousFindings(page)).toEqual([]);
    expect(watch.errors).toEqual([]);
  });
});

describe('bad files', () => {
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('are refused with a reason, and what was trained is still there', async () => {
    await open('faces=70&batch=10&epochs=500&keep=1&streams=edges&fusion=concat');
    await press(page, 'Start training');
    await waitForStep(page, 8); // an epoch, with its matrix and mistakes
    await press(page, 'Stop');
    await waitForText(page, '.news', /Stopped/);
    const before = (await keptRun(page))!;
    const facts = await text(page, '.facts');
    const matrix = await text(page, '.matrix');

    const drop = async (path: string, words: RegExp, input = 'Files') => {
      await giveFiles(page, input, path);
      await waitForText(page, '.news', words);
      expect(await text(page, '.news')).toMatch(/still here/);
      expect(await text(page, '.drop')).toMatch(/70 to learn from/);
      expect(await text(page, '.facts')).toBe(facts);
      expect(await text(page, '.matrix')).toBe(matrix);
      expect(await keptRun(page)).toEqual(before);
      await press(page, 'Close');
    };
    const row = (pixels: number) => `3,${new Array(pixels).fill(7).join(' ')},Training\n`;
    await drop(file('notes.csv', 'dear diary\nnothing happened\n'), /notes\.csv.*column/);
    await drop(
      file('broken.csv', `emotion,pixels,Usage\n${row(2304)}${row(2000)}`),
      /broken\.csv.*row 2.*2000 pixels/,
    );
    await drop(file('photo.bmp', 'BM'), /photo\.bmp has pictures but no class folders/);
    await drop(
      file('fer2013.tar.gz', 'x'),
      /fer2013\.tar\.gz: this kind of archive is not supported: unpack it/,
    );
    const large = file('large.csv', '');
    truncateSync(large, 500 * 2 ** 20);
    await drop(large, /large\.csv/);
    const bomb = file(
      'bomb.zip',
      zipSync({ 'angry/a.png': new Uint8Array(300 * 2 ** 20), 'happy/b.png': new Uint8Array(9) }),
    );
    await drop(bomb, /bomb\.zip/);
    await drop(file('empty.safetensors', ''), /empty\.safetensors/, 'Weights');
    const other = writeSafetensors([{ name: 'w', shape: [1], data: new Float32Array(1) }], {});
    await drop(file('other.safetensors', other), /no network configuration/, 'Weights');

    await press(page, 'Resume');
    await waitForText(page, '.news', /resumes after step/);
    expect(await text(page, '.news')).toContain(`after step ${before.step}.`);
    await waitForStep(page, before.step + 2);
    expect(watch.errors).toEqual([]);
  });
});
