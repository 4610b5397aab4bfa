import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seriousFindings } from './axe';
import { launch, openTab, press, shots, text, waitForButton, waitForText } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

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

    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'bench-done');
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
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
