/** What is not lost: one training that goes through a reload, a crash and lost devices. */
import type { Browser, BrowserContext, Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seriousFindings } from './axe';
import { keptRun, launch, openTab, press, text } from './browser';
import { waitForButton, waitForStep, waitForText, waitUntil } from './browser';
import type { Kept, Watch } from './browser';

/** Quick to compile, and long enough to be cut off again and again on a fast GPU too. */
const LONG = 'index.html#faces=700&batch=2&epochs=500&keep=1&streams=edges&fusion=concat';

let browser: Browser;
let context: BrowserContext | undefined;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The training, running; begun anew where the test before has left none. */
async function underWay(): Promise<Kept> {
  if (!context || !(await runs())) {
    await context?.close();
    context = await browser.createBrowserContext();
    ({ page, watch } = await openTab(context, LONG));
    await press(page, 'Start training');
  }
  // What the test before was told is not what this one waits for.
  const close = await page.$('.news button');
  await close?.click();
  await waitForKept(await currentStep());
  return (await keptRun(page))!;
}

const runs = () => page.$eval('.run', () => true).then(isRunning, () => false);
const isRunning = () =>
  page.evaluate(() => /Pause/.test(document.querySelector('.run')!.textContent));

const currentStep = async () =>
  Number(/step\s+(\d+) of/.exec(await text(page, '.run'))?.[1] ?? NaN) || 1;

const waitForKept = (step: number): Promise<void> =>
  waitUntil(
    page,
    (step) =>
      Number(/up to step (\d+)/.exec(document.querySelector('.run')?.textContent ?? '')?.[1]) >=
      step,
    step,
  );

/** It goes on from no earlier than what was kept, the curves too. */
async function expectGoesOn(before: Kept): Promise<void> {
  const from = Number(/after step (\d+)/.exec(await text(page, '.news'))![1]);
  expect(from).toBeGreaterThanOrEqual(before.step); // no more than one interval is lost
  await waitForKept(from + 2);
  const now = (await keptRun(page))!;
  // The curve has every look of before, and goes on without a point twice.
  const old = before.training.filter((step) => step <= from);
  expect(now.training.slice(0, old.length)).toEqual(old);
  expect(now.losses.slice(0, old.length)).toEqual(before.losses.slice(0, old.length));
  expect(new Set(now.training).size).toBe(now.training.length);
  expect(now.training.at(-1)).toBeGreaterThan(from);
  expect(watch.foreign).toEqual([]);
  expect(watch.errors).toEqual([]);
}

describe('a training', () => {
  it('pauses, goes on and stops', async () => {
    await underWay();
    await press(page, 'Pause');
    await waitForButton(page, 'Resume');
    const step = await currentStep();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await currentStep()).toBe(step);
    await press(page, 'Resume');
    await waitForStep(page, step + 2);
    await press(page, 'Stop');
    await waitForText(page, '.news', /Stopped/);
    expect(await seriousFindings(page)).toEqual([]);
    const before = (await keptRun(page))!;
    await press(page, 'Resume');
    await waitForText(page, '.news', /resumes after step/);
    await expectGoesOn(before);
  });

  it('outlives a reload', async () => {
    const before = await underWay();
    await page.reload();
    await waitForText(page, '.news', /resumes after step \d+/);
    await expectGoesOn(before);
  });

  it('outlives a crash of the tab', async () => {
    const before = await underWay();
    const crashed = new Promise((resolve) => page.once('error', resolve)); // Puppeteer's word for it
    const session = await page.createCDPSession();
    session.send('Page.crash').catch(() => undefined); // it never answers
    await crashed;
    ({ page, watch } = await openTab(context!, LONG));
    await waitForText(page, '.news', /resumes after step \d+/);
    await expectGoesOn(before);
  });

  it('outlives the loss of its device', async () => {
    const before = await underWay();
    const [worker] = page.workers();
    await worker.evaluate(() => {
      const { createCommandEncoder } = GPUDevice.prototype;
      GPUDevice.prototype.createCommandEncoder = function (descriptor) {
        GPUDevice.prototype.createCommandEncoder = createCommandEncoder;
        this.destroy();
        return createCommandEncoder.call(this, descriptor);
      };
    });
    await waitForText(page, '.news', /The GPU was lost and is back/);
    expect(await seriousFindings(page)).toEqual([]);
    await expectGoesOn(before);
  });

  // Last: Chrome gives this browser no GPU for two minutes if it happens again.
  it('outlives a crash of the GPU process', async () => {
    const before = await underWay();
    const session = await browser.target().createCDPSession();
    session.send('Browser.crashGpuProcess').catch(() => undefined); // as chrome://gpucrash does
    await waitForText(page, '.news', /The GPU was lost and is back/);
    await expectGoesOn(before);
  });
});
