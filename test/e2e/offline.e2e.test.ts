import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'puppeteer';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { preview, type PreviewServer } from 'vite';
import { launch, openTab, press, waitForElement, waitForStep, waitForText } from './browser';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-offline-'));
let browser: Browser;
let server: PreviewServer;
let url: string;
let page: Page;
let errors: string[];

const open = async (path: string) => {
  await page.goto(new URL(path, url).href);
};

beforeAll(async () => {
  cpSync(inject('folder'), folder, { recursive: true });
  browser = await launch();
  server = await preview({
    configFile: resolve('vite.app.config.ts'),
    configLoader: 'runner',
    build: { outDir: folder },
    preview: { port: 0 },
  });
  url = server.resolvedUrls!.local[0];
  const opened = await openTab(browser, 'index.html', url, { offline: true });
  page = opened.page;
  errors = opened.watch.errors;
});
afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Waits without an end of its own: to keep the site takes a busy machine long. */
const becomes = (holds: () => Promise<boolean>) =>
  expect.poll(() => page.evaluate(holds), { timeout: 600_000 }).toBe(true);

const pages = () => readdirSync(folder).filter((name) => name.endsWith('.html'));

it('what links to the site show is there, and nothing that needs an address it does not know', async () => {
  for (const name of pages()) {
    const html = readFileSync(join(folder, name), 'utf8');
    const title = /<title>(.*) · facegrad<\/title>/.exec(html)?.[1];
    expect(title, name).toBeTruthy();
    expect(html, name).toContain(`property="og:title" content="${title} · facegrad"`);
    expect(html, name).toMatch(/property="og:description" content="[^"]{20,}"/);
    expect(html, name).not.toContain('og:image'); // SITE_URL is not set
    expect(html, name).toContain('rel="manifest"');
  }
  const session = await page.createCDPSession();
  const { errors, data } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { icons } = JSON.parse(data!) as { icons: { src: string }[] };
  for (const { src } of icons) expect(readdirSync(folder)).toContain(src.slice(2));
});

it('an update is seen at the next visit, and replaces what was kept', async () => {
  await becomes(() => navigator.serviceWorker.getRegistration().then((found) => !!found?.active));
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const worker = readFileSync(join(folder, 'offline.js'), 'utf8');
  writeFileSync(join(folder, 'index.html'), html.replace('<title>Train', '<title>New'));
  writeFileSync(
    join(folder, 'offline.js'),
    worker.replace(/facegrad [0-9a-f]{16}/, 'facegrad new'),
  );
  await open('index.html');
  expect(await page.title()).toBe('New · facegrad');
  await page.evaluate(async () => void (await navigator.serviceWorker.getRegistration())!.update());
  await becomes(() =>
    navigator.serviceWorker.getRegistration().then((found) => found?.waiting !== null),
  );
  // The new version takes over once no tab shows the old one.
  const session = await page.createCDPSession();
  const active = new Set<string>();
  session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { versionId, status } of versions) {
      if (status === 'activated') active.add(versionId);
    }
  });
  await session.send('ServiceWorker.enable');
  await page.goto('about:blank');
  await expect.poll(() => active.size, { timeout: 600_000 }).toBe(2);
  await open('live.html');
  const all = await page.evaluate(() => caches.keys());
  const kept = all.filter((name) => name.startsWith('facegrad ')); // not what was found out about the GPU
  expect(kept.sort()).toEqual(['facegrad assets', 'facegrad new']);
});

it('without a network every page opens, trains, and reads faces', async () => {
  await becomes(() => navigator.serviceWorker.getRegistration().then((found) => !!found?.active));
  await page.goto('about:blank');
  await server.close();
  await open('index.html?from=link');
  await press(page, 'Start training');
  await waitForStep(page, 3);
  await open('live.html');
  await press(page, 'Eileen Collins');
  await waitForElement(page, '.stages canvas');
  for (const [path, words] of [
    ['compare.html', /Compare/],
    ['bench.html', /Benchmark/],
    ['check.html', /Check/],
    ['learn.html', /Learn|WGSL/],
    ['learn-01-one-thread.html', /thread/],
    ['kernel-relu.html', /ReLU/i],
  ] as const) {
    await open(path);
    await waitForText(page, 'main h1', words);
  }
  // The others are not opened one by one: they are kept, and so is all that they ask for.
  const missing = await page.evaluate(
    async (names) => {
      const answers = await Promise.all(
        names.map(async (name) => {
          const { ok } = await fetch(`./${name}`).catch(() => ({ ok: false }));
          return ok ? [] : [name];
        }),
      );
      return answers.flat();
    },
    [...pages(), ...readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`)],
  );
  expect(missing).toEqual([]);
  expect(errors).toEqual([]);
});
