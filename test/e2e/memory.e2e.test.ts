/** Memory over many steps: the page's, its worker's, and the processes' that hold the GPU's. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Browser, CDPSession, Page, WebWorker } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FULL, launch, openTab, press, waitForData, waitForStep } from './browser';

/** From one look to the next; the first comes when everything has been made that is made once. */
const STEPS = FULL ? 1000 : 100;
const LOOKS = FULL ? 11 : 4;
/** 560 faces in batches of 2, and epochs enough. */
const SETTINGS = `faces=560&batch=2&epochs=${Math.ceil((STEPS * (LOOKS + 1)) / 280)}&streams=raw&fusion=concat`;

/** What the first and the last look may differ by, however many steps lie between: MB, and objects. */
const MOST = { heap: 3, process: 40, live: 8 };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** What the device's objects are made by. */
const MAKERS = [
  'Buffer',
  'Texture',
  'BindGroup',
  'ComputePipelineAsync',
  'QuerySet',
  'ShaderModule',
];

/** In the worker: counts what is made on its devices from now on, and what of it can be destroyed and is not. */
function watchDevices(makers: string[]): void {
  const live = new Set<object>();
  const made: Record<string, number> = {};
  const prototype = GPUDevice.prototype as unknown as Record<
    string,
    (...args: unknown[]) => object
  >;
  for (const maker of makers) {
    const make = prototype[`create${maker}`];
    prototype[`create${maker}`] = function (this: GPUDevice, ...args) {
      const one = make.apply(this, args) as { destroy?: () => void };
      made[maker] = (made[maker] ?? 0) + 1;
      if (one.destroy) {
        const destroy = one.destroy.bind(one);
        one.destroy = () => (live.delete(one), destroy());
        live.add(one);
      }
      return one;
    };
  }
  Object.assign(globalThis, { watched: () => ({ live: live.size, made }) });
}

declare const watched: () => { live: number; made: Record<string, number> };

const MB = 1e6;

/** What objects take after a collection, in MB. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / MB;
}

/** Resident memory of Chrome's processes of a type, in MB. */
function residentOf(type: string): number {
  return descendants(browser.process()!.pid!)
    .filter((pid) => new RegExp(`--type=${type}[\\s\0]`).test(read(`/proc/${pid}/cmdline`)))
    .map((pid) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0))
    .reduce((sum, kB) => sum + (kB * 1024) / MB, 0);
}

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

function descendants(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [Number(pid), Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1])]);
  const below = (pid: number): number[] => [
    pid,
    ...parents.filter(([, parent]) => parent === pid).flatMap(([child]) => below(child)),
  ];
  return below(root);
}

interface Look {
  step: number;
  /** MB. */
  pageHeap: number;
  workerHeap: number;
  pageProcess: number;
  gpuProcess: number;
  /** GPU objects that were made since the first step and not destroyed. */
  live: number;
  made: Record<string, number>;
}

async function look(page: Page, worker: WebWorker, session: CDPSession): Promise<Look> {
  const [pageHeap, workerHeap] = [await heapOf(session), await heapOf(worker.client)];
  return {
    step: await page.$eval('.facts', (facts) => parseInt(/step(\d+)/.exec(facts.textContent)![1])),
    pageHeap,
    workerHeap,
    pageProcess: residentOf('renderer'),
    gpuProcess: residentOf('gpu-process'),
    ...(await worker.evaluate(() => watched())),
  };
}

it.runIf(process.platform === 'linux')(
  `training keeps the memory that it began with over ${STEPS * (LOOKS - 1)} steps`,
  async () => {
    const { page, watch } = await openTab(browser, `index.html#${SETTINGS}`);
    await waitForData(page);
    await press(page, 'Start training');
    await waitForStep(page, 1);
    const [worker] = page.workers();
    await worker.evaluate(watchDevices, MAKERS);
    const session = await page.createCDPSession();
    const looks: Look[] = [];
    for (let i = 1; i <= LOOKS; i++) {
      await waitForStep(page, i * STEPS);
      looks.push(await look(page, worker, session));
      console.log(JSON.stringify(looks.at(-1)));
    }
    const [first, last] = [looks[0], looks.at(-1)!];
    expect(first.gpuProcess).toBeGreaterThan(0);
    expect(first.pageProcess).toBeGreaterThan(0);
    expect(first.made.Buffer).toBeGreaterThan(0); // it does count
    const grown = (key: 'pageHeap' | 'workerHeap' | 'pageProcess' | 'gpuProcess') =>
      last[key] - first[key];
    expect(grown('pageHeap')).toBeLessThan(MOST.heap);
    expect(grown('workerHeap')).toBeLessThan(MOST.heap);
    expect(grown('pageProcess')).toBeLessThan(MOST.process);
    expect(grown('gpuProcess')).toBeLessThan(MOST.process);
    // Some are made for the views, after the first step and before the first look.
    expect(last.live - first.live).toBeLessThan(MOST.live);
    expect(last.made.BindGroup).toBe(first.made.BindGroup); // nothing is recorded or compiled again
    expect(watch.errors).toEqual([]);
    await page.close();
  },
);
