/** Classes of one's own: recorded with the camera, and photographs that are dropped. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'puppeteer';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { seriousFindings } from './axe';
import {
  click,
  fill,
  giveFiles,
  launch,
  openTab,
  press,
  shots,
  text,
  waitForData,
} from './browser';
import { waitForElement, waitForText, waitUntil, type Watch } from './browser';
import { writeClip, writePhoto } from './camera_clip';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-record-'));
let browser: Browser;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  const clip = join(folder, 'camera.mjpeg');
  await writeClip(clip, [{ faces: 1, seconds: 4 }]);
  browser = await launch([
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${clip}`,
  ]);
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path: string): Promise<void> {
  const context = await browser.createBrowserContext();
  await context.overridePermissions(inject('url'), ['camera']);
  ({ page, watch } = await openTab(context, path));
}

async function openCamera(): Promise<void> {
  await open('index.html#faces=70&streams=edges&fusion=concat&epochs=2&batch=8');
  await waitForData(page);
  await page.evaluate(() => {
    // Chrome has one camera where that plays a film.
    const { mediaDevices } = navigator;
    const devices = mediaDevices.enumerateDevices.bind(mediaDevices);
    const other = { kind: 'videoinput', deviceId: 'other', label: 'Another camera' };
    mediaDevices.enumerateDevices = async () => [...(await devices()), other as MediaDeviceInfo];
  });
  await click(page, '.record summary');
  await press(page, 'Open the camera');
  await waitForElement(page, '.viewfinder rect');
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    const seen = await text(page, 'main').catch(String);
    console.log(`${task.name}: ${seen}\n${watch.errors.join('\n')}`);
  }
  await page.browserContext().close();
});

const counts = () =>
  page.$$eval('.take > .button', (all) =>
    all.map((button) => Number(/\d+/.exec((button as HTMLElement).innerText)![0])),
  );

/** Waits for a class to have so many pictures. */
const recorded = (n: number, pictures: number) =>
  waitUntil(
    page,
    (n, pictures) => {
      const button = document.querySelectorAll<HTMLElement>('.take > .button')[n];
      return Number(/\d+/.exec(button.innerText)![0]) >= pictures;
    },
    n,
    pictures,
  );

const placeOf = async (n: number) => {
  const button = (await page.$$('.take > .button'))[n];
  await button.scrollIntoView();
  return button.clickablePoint();
};

/** The ways to hold a button. */
const HANDS: Record<string, (n: number) => Promise<() => Promise<void>>> = {
  async mouse(n) {
    const { x, y } = await placeOf(n);
    await page.mouse.move(x, y);
    await page.mouse.down();
    return () => page.mouse.up();
  },
  async keyboard(n) {
    await (await page.$$('.take > .button'))[n].focus();
    await page.keyboard.down('Space');
    return () => page.keyboard.up('Space');
  },
  async touch(n) {
    const { x, y } = await placeOf(n);
    const session: CDPSession = await page.createCDPSession();
    const send = (
      type: 'touchStart' | 'touchMove' | 'touchEnd',
      touchPoints: { x: number; y: number }[],
    ) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
    await send('touchStart', [{ x, y }]);
    await send('touchMove', [{ x: x + 3, y: y + 30 }]); // a finger is never quite still
    return async () => {
      await send('touchEnd', []);
      await session.detach();
    };
  },
};

describe('the camera', () => {
  it.each(Object.keys(HANDS))('records three classes in a row by %s', async (hand) => {
    await openCamera();
    await press(page, 'Add a class');
    for (let n = 0; n < 3; n++) {
      const others = await counts();
      const letGo = await HANDS[hand](n);
      await recorded(n, 4);
      await letGo();
      const now = await counts();
      expect(now.filter((_, i) => i !== n)).toEqual(others.filter((_, i) => i !== n));
    }
    const done = await counts();
    expect(Math.min(...done)).toBeGreaterThanOrEqual(4);
    expect(watch.errors).toEqual([]);
    expect(watch.foreign).toEqual([]);
  });

  it('shows its pictures, removes them, takes back, and trains', async () => {
    await openCamera();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.$$eval('.record select option', (all) => all.length)).toBe(2);
    await fill(page, '.take input', 'awake');
    for (const n of [0, 1]) {
      const letGo = await HANDS.mouse(n);
      await recorded(n, 12);
      await letGo();
    }
    const before = await counts();
    await click(page, '[aria-label="Remove picture 2 of awake"]');
    await click(page, '[aria-label="Remove picture 2 of awake"]');
    expect(await counts()).toEqual([before[0] - 2, before[1]]);
    expect(await page.$$eval('.thumbs', (all) => all.map((list) => list.children.length))).toEqual(
      await counts(),
    );
    await press(page, 'Undo');
    expect(await counts()).toEqual([before[0] - 1, before[1]]);
    await press(page, 'Undo');
    await press(page, 'Undo');
    expect(await counts()).toEqual([before[0], 0]);
    const letGo = await HANDS.keyboard(1);
    await recorded(1, 12);
    await letGo();
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-record');
    await press(page, 'Use these');
    await waitForData(page, /your recordings.*to learn from.*awake, serious/);
    await press(page, 'Start training');
    await waitForText(page, '.news', /Training is done/);
    // Other data does not change what was trained.
    const matrix = await text(page, '.matrix');
    await press(page, 'Drawn faces');
    await waitForData(page, /synthetic faces.*to learn from/);
    expect(await text(page, '.matrix')).toBe(matrix);
    expect(watch.errors).toEqual([]);
  });
});

interface Square {
  x: number;
  y: number;
  width: number;
}

/** The shares of two squares' union that both cover. */
function overlap(a: Square, b: Square): number {
  const shared = (from: 'x' | 'y') =>
    Math.max(0, Math.min(a[from] + a.width, b[from] + b.width) - Math.max(a[from], b[from]));
  const both = shared('x') * shared('y');
  return both / (a.width ** 2 + b.width ** 2 - both);
}

it('cuts faces as Live does', async () => {
  const still = join(folder, 'still.jpg');
  await writePhoto(still, 1);
  const film = join(folder, 'still.mjpeg');
  const jpeg = await sharp(still).jpeg({ quality: 85 }).toBuffer();
  writeFileSync(film, Buffer.concat(Array.from({ length: 30 }, () => jpeg)));
  const moving = browser;
  browser = await launch([
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${film}`,
  ]);
  try {
    await openCamera();
    const square = (element: Element): Square => {
      const [x, y, width] = ['x', 'y', 'width'].map((name) => Number(element.getAttribute(name)));
      return { x, y, width };
    };
    const here = await page.$eval('.viewfinder rect', square);
    await page.browserContext().close();

    await open('live.html');
    await page.evaluate(() => {
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (message: { faces?: object[] }, ...rest: never[]) {
        if (message.faces?.length) Object.assign(window, { sent: message.faces });
        return postMessage.call(this, message, ...rest);
      };
    });
    await press(page, 'Use the camera');
    await waitUntil(page, () => 'sent' in window);
    const [live] = await page.evaluate(
      () => (window as unknown as { sent: { box: Square }[] }).sent,
    );
    const share = overlap(here, live.box);
    console.log(`overlap with the square of the Live page: ${share.toFixed(3)}`);
    expect(share).toBeGreaterThanOrEqual(0.9);
  } finally {
    await browser.close();
    browser = moving;
    await open('index.html'); // to be closed
  }
});

describe('photographs', () => {
  it('are cut to the face, and say where there is none', async () => {
    const photos = join(folder, 'photos');
    for (const [i, name] of ['one', 'two'].entries()) {
      mkdirSync(join(photos, name), { recursive: true });
      for (let n = 0; n < 5; n++) {
        const path = join(photos, name, `${n}.jpg`);
        await writePhoto(path, 1);
        // Lighter and darker, as copies would be dealt to one side.
        const light = 1 + 0.05 * (5 * i + n);
        writeFileSync(path, await sharp(path).modulate({ brightness: light }).toBuffer());
      }
    }
    const empty = { create: { width: 640, height: 480, channels: 3 as const, background: '#456' } };
    await sharp(empty)
      .jpeg()
      .toFile(join(photos, 'one', 'wall.jpg'));
    await open('index.html#faces=70');
    await waitForData(page);
    await giveFiles(page, 'Folder', photos);
    await waitForData(page, /photos.*one, two/);
    expect(await text(page, '.drop')).toMatch(
      /no face was found in 1 of 11 pictures, which are left out \(.*wall\.jpg\)/,
    );
    await shots(page, 'train-photographs');
    await page.select('.drop select', 'face or whole');
    await giveFiles(page, 'Folder', photos);
    await waitUntil(page, () => {
      const said = document.querySelector<HTMLElement>('.drop')!.innerText;
      return /photos/.test(said) && !/left out \(/.test(said);
    });
    expect(watch.errors).toEqual([]);
  });
});
