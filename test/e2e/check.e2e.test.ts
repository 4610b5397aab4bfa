import { expect, it } from 'vitest';
import { seriousFindings } from './axe';
import { launch, openTab, press, waitForText } from './browser';

it('checks kernels of this GPU and gives the result as text, asking no one else', async () => {
  const browser = await launch();
  try {
    const { page, watch } = await openTab(browser, 'check.html?only=relu,standardize');
    await waitForText(page, 'h1', /Check this GPU/);
    expect(await seriousFindings(page)).toEqual([]);
    await press(page, 'Check this GPU');
    await waitForText(page, 'h2', /Everything is right/);
    const shared = await page.$eval('#share', (area) => (area as HTMLTextAreaElement).value);
    expect(shared).toMatch(/All \d{2,} cases of 2 kernels are right/);
    expect(shared).toContain('GPU: ');
    expect(await seriousFindings(page)).toEqual([]);
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
