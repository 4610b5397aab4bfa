/** Two classes of one's own in a minute: recorded with the camera, learnt from the weights that ship. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import type { ImageSet } from '../../src/data/dataset';
import { Storage } from '../../src/tape/storage';
import { Evaluator } from '../../src/train/evaluator';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { chooseNodeAdapter } from '../../tools/node_adapter';
import { openTestGpu } from '../support/gpu';
import { seriousFindings } from './axe';
import {
  bar,
  click,
  fill,
  FULL,
  launch,
  openTab,
  press,
  shots,
  text,
  waitForData,
} from './browser';
import { waitForElement, waitForText, waitUntil, type Watch } from './browser';
import { writeScenes } from './camera_clip';

/** Seconds of training that must do. */
const SECONDS = 60;
/** Pictures recorded of a class; the least that the page takes where figures do not count. */
const PICTURES = FULL ? 60 : 10;
const persons = FULL ? 12 : 3;
/** Those that learn from, and those that are measured: other persons. */
const SCENES = [0, 1000].flatMap((first) =>
  (['sad', 'fear'] as const).map((expression) => ({ expression, first, persons, each: 5 })),
);

const folder = mkdtempSync(join(tmpdir(), 'facegrad-start-'));
let browser: Browser;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  const clip = join(folder, 'camera.mjpeg');
  await writeScenes(clip, FULL ? SCENES : SCENES.slice(0, 2));
  browser = await launch([
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${clip}`,
  ]);
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(hash = ''): Promise<void> {
  const context = await browser.createBrowserContext();
  await context.overridePermissions(inject('url'), ['camera']);
  ({ page, watch } = await openTab(context, `index.html#faces=70${hash}`));
  await waitForData(page);
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    console.log(
      `${task.name}: ${await text(page, 'main').catch(String)}\n${watch.errors.join('\n')}`,
    );
  }
  await page.browserContext().close();
});

/** Which scene the film is at, by the square in its corner; 4 between two scenes. */
const sceneOf = (video: HTMLVideoElement): number => {
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext('2d')!;
  context.drawImage(video, 4, 4, 32, 32, 0, 0, 8, 8);
  return Math.round(context.getImageData(4, 4, 1, 1).data[1] / 64);
};

const scene = async (): Promise<number> => (await page.$('.viewfinder video'))!.evaluate(sceneOf);

/** Pictures that a class has. */
const pictures = (n: number): Promise<number> =>
  page.evaluate((n) => {
    const label = document.querySelectorAll('.take > .button')[n].getAttribute('aria-label')!;
    return Number(/(\d+) pictures/.exec(label)![1]);
  }, n);

/** Holds the button of a class while its scene is shown, as often as the film comes to it, until there are enough. */
async function hold(n: number, wanted: number): Promise<void> {
  const seen = new Map<number, number>();
  let held = false;
  let last = { has: 0, time: Date.now() };
  for (;;) {
    const has = await pictures(n);
    const at = await scene();
    seen.set(at, 1 + (seen.get(at) ?? 0));
    if (has > last.has) last = { has, time: Date.now() };
    if (Date.now() - last.time > 180_000) {
      throw new Error(`class ${n} stays at ${has} pictures; scenes: ${[...seen].join(' ')}`);
    }
    const hold = at === wanted && has < PICTURES;
    if (hold && !held) {
      // What was recorded may have moved it.
      const { x, y } = await (await page.$$('.take > .button'))[n].clickablePoint();
      await page.mouse.move(x, y);
      await page.mouse.down();
    } else if (held && !hold) await page.mouse.up();
    held = hold;
    if (has >= PICTURES) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Records two scenes of the film as two classes, and uses them. */
async function record(scenes: [number, number]): Promise<void> {
  await click(page, '.record summary');
  await press(page, 'Open the camera');
  await waitForElement(page, '.viewfinder video');
  for (const [n, name] of ['sad', 'fear'].entries()) {
    await fill(page, '.take input', name, n);
  }
  for (const [n, scene] of scenes.entries()) await hold(n, scene);
  await press(page, 'Use these');
  await waitForData(page, /your recordings.*sad, fear/);
}

const fromShipped = async () => {
  await page.select('.start-from select', 'shipped');
  await waitForText(page, '.train-side', /the last layer starts anew, for sad, fear/);
};

/** What IndexedDB has under a key, with its bytes as text. */
const stored = (name: string, key: string) =>
  page.evaluate(
    async ([name, store, key]) => {
      const wait = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error!);
        });
      const database = await wait(indexedDB.open(name));
      const found = await wait(database.transaction(store).objectStore(store).get(key));
      database.close();
      return JSON.stringify(found, (_, value: unknown) =>
        value instanceof Uint8Array ? Array.from(value) : value,
      );
    },
    [name, name === 'facegrad-run' ? 'run' : 'files', key],
  );

it('learns two new classes from the weights that ship', async () => {
  await open(FULL ? '' : '&batch=4&epochs=1');
  await record([0, 1]);
  await fromShipped();
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'train-start-from');
  await press(page, 'Start training');
  await waitForText(page, '.news', /Training is done/);
  expect(await text(page, '.news')).toMatch(/% of the held-out/);
  const { config, provenance } = readWeights(
    Uint8Array.from(
      (JSON.parse(await stored('facegrad-weights', 'latest')) as { file: number[] }).file,
    ),
  );
  expect(config).toMatchObject({ classes: ['sad', 'fear'], widths: [16, 32, 64, 96, 128] });
  expect(provenance.data).toBe('your recordings');
  expect(watch.foreign).toEqual([]);
  expect(watch.errors).toEqual([]);
});

/** Trains for so long, or to the end; what was learnt, as a weights file. */
async function trained(): Promise<Uint8Array> {
  await press(page, 'Start training');
  await waitUntil(
    page,
    (most) => {
      if (/Training is done/.test(document.querySelector('.news')?.textContent ?? '')) return true;
      const said = document.querySelector('.facts')?.textContent ?? '';
      const [, minutes = 0, seconds] = /trained for(?:(\d+) min )?(\d+) s/.exec(said) ?? [];
      return 60 * Number(minutes) + Number(seconds) >= most;
    },
    SECONDS,
  );
  console.log((await text(page, '.facts')).replace(/\n+/g, ' '));
  const { file } = JSON.parse(await stored('facegrad-weights', 'latest')) as { file: number[] };
  return Uint8Array.from(file);
}

/** The share of a recording that some weights get right. */
async function accuracy(file: Uint8Array, data: ImageSet): Promise<number> {
  chooseNodeAdapter();
  const gpu = await openTestGpu();
  const storage = new Storage(gpu);
  const network = loadNetwork(readWeights(file), storage);
  const evaluator = await Evaluator.create(network, storage, data);
  const { accuracy } = await evaluator.evaluate();
  evaluator.dispose();
  storage.dispose();
  gpu.dispose();
  return 100 * accuracy;
}

it.runIf(FULL)('knows other persons after a minute', async () => {
  // Recorded like the ones that are learnt from, but not learnt from.
  await open();
  await record([2, 3]);
  await press(page, 'Start training');
  await waitForElement(page, '.facts');
  const { training, validation } = JSON.parse(await stored('facegrad-run', 'data')) as Record<
    'training' | 'validation',
    ImageSet
  >;
  const other: ImageSet = {
    ...training,
    count: training.count + validation.count,
    images: Uint8Array.from([...Array.from(training.images), ...Array.from(validation.images)]),
    labels: Uint8Array.from([...Array.from(training.labels), ...Array.from(validation.labels)]),
  };
  await page.browserContext().close();

  await open();
  await record([0, 1]);
  await fromShipped();
  const known = await accuracy(await trained(), other);
  console.log(`from the weights that ship: ${known.toFixed(1)} % of ${other.count} pictures`);
  await page.browserContext().close();

  await open();
  await record([0, 1]);
  const nothing = await accuracy(await trained(), other);
  console.log(`from nothing, in the same time: ${nothing.toFixed(1)} %`);
  bar('other persons right after a minute, %', known, { least: 85 });
});
