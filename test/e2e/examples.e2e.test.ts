import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seriousFindings } from './axe';
import { bar, giveFiles, launch, openTab, press, shots, text } from './browser';
import { waitForElement, waitForText, waitUntil, type Watch } from './browser';
import { writeLargePhoto, writePhoto } from './camera_clip';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-examples-'));
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

async function open(path = 'live.html'): Promise<{ page: Page; watch: Watch }> {
  const opened = await openTab(await browser.createBrowserContext(), path);
  await waitForText(opened.page, '.live', /parameters/);
  return opened;
}

/** The page's words on what it waits for. */
const waiting = (page: Page) =>
  page.$$eval('.viewer > [role=status]', (found) => found.map(({ textContent }) => textContent));

const waitForCards = (page: Page, faces: number) =>
  waitUntil(page, (faces) => document.querySelectorAll('.face').length === faces, faces);

describe('pictures that come with the page', () => {
  it('a photograph: one click, a result with its stages', async () => {
    const { page, watch } = await open();
    expect(await seriousFindings(page)).toEqual([]);
    const begin = Date.now();
    await press(page, 'Eileen Collins');
    await waitForElement(page, '.stages canvas');
    bar('ms from the click to the result', Date.now() - begin, { most: 5000 });
    expect(await page.$$('.face')).toHaveLength(1);
    expect(await page.$$('.stages canvas')).toHaveLength(3);
    expect(await text(page, '.face .card-head')).toMatch(/happy/);
    expect(await text(page, '.picture-words')).toMatch(/NASA, public domain/);
    expect(await waiting(page)).toEqual([]);
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'live-example');

    await press(page, 'Close');
    await press(page, 'Grace Hopper');
    await waitForElement(page, '.face');
    expect(await waiting(page)).toEqual([]); // the detector is there already
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
    await page.browserContext().close();
  });

  it('a drawing: read by what learned drawings, and said what it shows', async () => {
    const { page, watch } = await open();
    const right: string[] = [];
    const expressions = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
    for (const expression of expressions) {
      await press(page, `Drawn ${expression}`);
      await waitForText(page, '.picture-words', new RegExp(`to show: ${expression}`));
      await waitForElement(page, '.face');
      if ((await text(page, '.face .card-head')).includes(expression)) right.push(expression);
      await press(page, 'Close');
    }
    expect(await page.$eval('select', ({ value }) => value)).toBe('drawn');
    console.log(`drawn examples that are read right: ${right.join(', ')}`);
    expect(right.length).toBeGreaterThanOrEqual(5);
    await press(page, 'Grace Hopper'); // and people by what learned people again
    await waitForElement(page, '.face');
    expect(await page.$eval('select', ({ value }) => value)).toBe('small');
    expect(watch.errors).toEqual([]);
    await page.browserContext().close();
  });
});

describe('photos of one’s own', () => {
  it('one that cannot be read does not take the others along', async () => {
    const { page } = await open();
    const [first, broken, last] = ['1.jpg', 'broken.jpg', '3.jpg'].map((name) =>
      join(folder, name),
    );
    await writePhoto(first, 1);
    writeFileSync(broken, 'no picture at all');
    await writePhoto(last, 2);
    await giveFiles(page, 'Video or photos', first, broken, last);
    await waitForCards(page, 1);
    await press(page, 'Next');
    await waitForText(page, '.notice', /broken\.jpg is not a picture/);
    expect(await text(page, '.viewer')).toMatch(/2 of 3/);
    await press(page, 'Next');
    await waitForCards(page, 2);
    expect(await page.$('.notice')).toBeNull();
    await press(page, 'Close');
    await waitForElement(page, '.empty');
    await page.browserContext().close();
  });

  it('of twelve megapixels: every face is found, and told apart from left to right', async () => {
    const { page, watch } = await open();
    const path = join(folder, 'large.jpg');
    await writeLargePhoto(path);
    await giveFiles(page, 'Video or photos', path);
    await waitForCards(page, 6);
    await shots(page, 'live-large');
    expect(watch.errors).toEqual([]);
    await page.browserContext().close();
  });
});
