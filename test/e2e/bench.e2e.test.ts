import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seriousFindings } from './axe';
import { launch, openTab, press, shots, text, waitForButton, waitForText } from './browser';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-bench-'));
/** The site is built with the other libraries where they are installed. */
const peers = existsSync('bench/peers/node_modules');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

describe('the benchmark page', () => {
  it('measures this GPU and gives the result as text, asking no one else', async () => {
    const { page, watch } = await openTab(browser, 'bench.html?only=dense%20%5C(16');
    await waitForText(page, 'h1', /Benchmark/);
    expect(await seriousFindings(page)).toEqual([]);

    await shots(page, 'bench-idle');
    await press(page, 'Run the short benchmark');
    await waitForText(page, '.figures', /dense \(16,128\)->256/);
    expect(await text(page, 'main')).toMatch(/[\d.]+ GFLOP\/s of arithmetic/);
    await waitForButton(page, 'Run the short benchmark');
    const cells = await page.$$eval('.figures td', (found) => found.map((td) => td.innerText));
    expect(cells).toHaveLength(6);
    expect(Number(cells[0])).toBeGreaterThan(0);
    const shared = await page.$eval('#share', (area) => (area as HTMLTextAreaElement).value);
    expect(shared).toContain('measured peak');
    expect(shared).toContain('dense (16,128)->256');
    expect(await text(page, '.speed-bars')).toMatch(/dense \(16,128\)->256\s+[\d.]+ ms/);

    // As a picture, and as a link that shows it to somebody else.
    const downloads = await page.createCDPSession();
    await downloads.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      downloadPath: folder,
    });
    await press(page, 'Save as a picture');
    const saved = () => readdirSync(folder).find((name) => name.endsWith('.png'));
    await expect.poll(saved, { timeout: 60_000 }).toBeDefined();
    expect((await sharp(join(folder, saved()!)).metadata()).width).toBe(1200);
    await browser
      .defaultBrowserContext()
      .overridePermissions(inject('url'), ['clipboard-read', 'clipboard-sanitized-write']);
    await press(page, 'Copy a link');
    await waitForButton(page, 'Link copied');
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await openTab(browser, link);
    await waitForText(other.page, 'main', /A shared result.*dense \(16,128\)->256.* ms/s);
    expect(await seriousFindings(other.page)).toEqual([]);
    await shots(other.page, 'bench-shared');
    expect(other.watch.errors).toEqual([]);
    await other.page.close();
    await page.bringToFront();

    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'bench-done');
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
  });

  it.skipIf(!peers)('races other libraries, which are fetched for that alone', async () => {
    const { page, watch } = await openTab(browser, 'bench.html?only=dense%20%5C(16');
    const fetched = () => watch.fetched.filter((path) => path.startsWith('peers/'));
    await waitForButton(page, 'Race other libraries');
    expect(fetched()).toEqual([]);
    await press(page, 'Race other libraries');
    await waitForButton(page, 'Race other libraries');
    const ratio = '(took|was) [\\d.]+ times as (long|fast)';
    const told = ['jax-js', 'TensorFlow.js', 'onnxruntime'].map((name) => `${name} ${ratio}`);
    const outcome = new RegExp(
      `^dense \\(16,128\\)->256, compared with facegrad: ${told.join('; ')}\\.$`,
    );
    expect(await text(page, '.outcome')).toMatch(outcome);
    expect(fetched().length).toBeGreaterThan(2);
    const kept = readFileSync(join(inject('folder'), 'offline.js'), 'utf8');
    expect(kept).not.toContain('peers/'); // large: not for everybody who comes by
    expect(await page.$$eval('.figures tbody tr', (rows) => rows.length)).toBe(4);
    expect(await text(page, '.speed-bars')).toMatch(
      /facegrad.*ms.*jax-js.*ms.*TensorFlow\.js.*ms/s,
    );
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'bench-race');
    await press(page, 'Copy a link');
    await waitForButton(page, 'Link copied');
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await openTab(browser, link);
    await waitForText(other.page, '.speed-bars', /facegrad.*jax-js.*TensorFlow\.js/s);
    expect(other.watch.errors).toEqual([]);
    await other.page.close();
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
  });

  it.skipIf(peers)('says that it was built without other libraries', async () => {
    const { page } = await openTab(browser, 'bench.html');
    await waitForText(page, 'main', /built without other libraries/);
    expect(await text(page, 'main')).not.toContain('Race other libraries');
  });

  it('stops when asked', async () => {
    const { page, watch } = await openTab(browser, 'bench.html');
    await press(page, 'Run the full benchmark');
    await press(page, 'Stop');
    await waitForButton(page, 'Run the full benchmark');
    expect(await page.$('progress')).toBeNull();
    expect(watch.errors).toEqual([]);
  });
});
