/**
 * Every page of lessons and kernels, with a GPU and without: its pictures are drawn, and nothing is refused. It takes
 * minutes, so only with FACEGRAD_E2E_FULL.
 */
import { expect, it } from 'vitest';
import { lesson, LESSONS } from '../../learn/lessons';
import { chromeFlags } from '../../tools/chrome';
import { seriousFindings } from './axe';
import { FULL, launch, openTab, waitUntil } from './browser';

const ids = await Promise.all(
  LESSONS.map(async (name) => (await lesson(name)).exercises.map(({ id }) => id)),
);
const addresses = LESSONS.map((name) =>
  name.replace('path/', 'learn-').replace('kernels/', 'kernel-'),
);

it.runIf(FULL)('every page opens on a GPU, and is accessible', async () => {
  const browser = await launch();
  await openEach(browser, async (page) => expect(await seriousFindings(page)).toEqual([]));
  await browser.close();
});

it.runIf(FULL)('every page opens without WebGPU', async () => {
  const browser = await launch(
    ['--disable-gpu', '--disable-features=WebGPUService'],
    chromeFlags().filter((flag) => !/webgpu|vulkan|angle/i.test(flag)),
  );
  await openEach(browser);
  await browser.close();
});

async function openEach(
  browser: Awaited<ReturnType<typeof launch>>,
  look?: (page: Awaited<ReturnType<typeof openTab>>['page']) => Promise<void>,
): Promise<void> {
  const { page, watch } = await openTab(browser, 'learn.html');
  for (const [i, address] of addresses.entries()) {
    await page.goto(new URL(`${address}.html`, page.url()).href);
    await waitUntil(
      page,
      (all) => all.every((id) => document.querySelector(`#${CSS.escape(id)} .grid`)),
      ids[i],
    );
    await look?.(page);
    expect(watch, address).toMatchObject({ errors: [], foreign: [] });
  }
}
