import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seriousFindings } from './axe';
import { launch, openTab, press, shots, text, waitForButton } from './browser';
import { waitForElement, waitForText } from './browser';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-over-time-'));
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

it('a timeline begins when everybody agrees, can be saved, and is gone when it is cleared', async () => {
  const { page, watch } = await openTab(browser, 'live.html');
  await press(page, 'Drawn faces');
  await waitForElement(page, '.face');
  expect(await page.$('.over-time')).toBeNull();

  await press(page, 'Keep a timeline …');
  await waitForText(page, '.live-main', /everybody in the picture agree\?.*Article 5\(1\)\(f\)/s);
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'over-time-asks');
  await press(page, 'Not now');
  await waitForButton(page, 'Keep a timeline …');
  expect(await page.$('.over-time')).toBeNull();

  await press(page, 'Keep a timeline …');
  await press(page, 'Everybody agrees');
  await waitForText(page, '.over-time', /Face A · seen for ([2-9]|\d\d) s/);
  await press(page, 'Stop the timeline');
  await waitForButton(page, 'Go on');
  const shares = await page.$$eval('.over-time .bars', ([bars]) =>
    [...bars.querySelectorAll('li > :last-child')].map((cell) => parseInt(cell.textContent)),
  );
  expect(shares).toHaveLength(8); // seven classes, and unsure
  expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThan(4);
  expect(await text(page, '.live-main')).toMatch(/93\.7 % of held-out/);
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'over-time');

  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  await press(page, 'Save as CSV');
  const saved = () => readdirSync(folder).find((name) => name.endsWith('.csv'));
  await expect.poll(saved, { timeout: 60_000 }).toBeDefined();
  const [head, ...rows] = readFileSync(join(folder, saved()!), 'utf8').split(/\r?\n/);
  expect(head).toMatch(/^time,seconds,face,frames,label,angry,.*,weights,accuracy of the weights$/);
  expect(rows.length).toBeGreaterThanOrEqual(2);
  expect(rows[0]).toMatch(/^\d{4}-\d\d-\d\dT.*Z,\d+,A,\d+,\w+,.*,Drawn faces,0\.9371$/);

  await press(page, 'Clear');
  await waitForButton(page, 'Keep a timeline …');
  expect(await page.$('.over-time')).toBeNull();
  expect(watch.foreign).toEqual([]);
  expect(watch.errors).toEqual([]);
});
