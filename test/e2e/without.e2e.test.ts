/** Machines that lack something: a GPU, a secure address, a camera. */
import type { Browser, Page } from 'puppeteer';
import { afterEach, expect, inject, it } from 'vitest';
import { chromeFlags } from '../../tools/chrome';
import { seriousFindings } from './axe';
import { click, launch, openTab, press, shots, waitForText, type Watch } from './browser';

let browser: Browser;
let page: Page;
let watch: Watch;
afterEach(() => browser.close());

it('explains a browser without a GPU', async () => {
  const gpuFlags = /webgpu|vulkan|angle/i;
  browser = await launch(
    ['--disable-gpu', '--disable-features=WebGPUService'],
    chromeFlags().filter((flag) => !gpuFlags.test(flag)),
  );
  ({ page, watch } = await openTab(browser, 'index.html'));
  expect(await page.evaluate(() => navigator.gpu.requestAdapter())).toBeNull();
  await waitForText(page, '.shell-main', /gives this page no GPU/);
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'train-without');
  expect(watch.errors).toEqual([]);
  ({ page, watch } = await openTab(browser, 'live.html'));
  await waitForText(page, '.notice', /This browser gives this page no GPU/);
  expect(await seriousFindings(page)).toEqual([]);
  expect(watch.errors).toEqual([]);
  ({ page, watch } = await openTab(browser, 'bench.html'));
  await press(page, 'Run the short benchmark');
  await waitForText(page, '.notice', /This browser gives this page no GPU/);
  expect(watch.errors).toEqual([]);
});

it('explains an address that is not secure, where there is no WebGPU at all', async () => {
  browser = await launch(['--host-resolver-rules=MAP facegrad.test 127.0.0.1']);
  const base = inject('url').replace('127.0.0.1', 'facegrad.test');
  ({ page, watch } = await openTab(browser, 'index.html', base));
  expect(await page.evaluate(() => 'gpu' in navigator)).toBe(false);
  await waitForText(page, '.shell-main', /https/);
  expect(await seriousFindings(page)).toEqual([]);
  ({ page, watch } = await openTab(browser, 'live.html', base));
  await waitForText(page, '.notice', /https/);
  expect(watch.errors).toEqual([]);
});

it('explains a machine without a camera', async () => {
  browser = await launch([
    '--use-fake-device-for-media-stream=device-count=0',
    '--use-fake-ui-for-media-stream',
  ]);
  ({ page, watch } = await openTab(browser, 'live.html'));
  await press(page, 'Use the camera');
  await waitForText(page, '.notice', /No camera was found/);
  await press(page, 'Try again');
  await waitForText(page, '.notice', /No camera was found/);
  expect(await seriousFindings(page)).toEqual([]);
  ({ page, watch } = await openTab(browser, 'index.html'));
  await click(page, '.record summary');
  await press(page, 'Open the camera');
  await waitForText(page, '.record', /No camera is connected/);
  expect(watch.errors).toEqual([]);
});
