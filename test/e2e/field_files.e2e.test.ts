/** Files as people have them on the Train page: it makes of each what the terminal does. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIELD_FILES, FIELD_FOLDER } from '../data/field_files';
import { giveFiles, launch, openTab, press, text, waitForData, waitForText } from './browser';

const found = existsSync(FIELD_FOLDER);
console.log(`${FIELD_FOLDER} is ${found ? 'there: checked' : 'not there: NOT checked'}`);

describe.runIf(found)('files as people have them', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('are read or refused as in the terminal', async () => {
    const { page, watch } = await openTab(browser, 'index.html');
    await waitForData(page);
    for (const { file, learn, held, note, refused } of FIELD_FILES) {
      const path = join(FIELD_FOLDER, file);
      const input = statSync(path).isDirectory() ? 'Folder' : 'Files';
      await giveFiles(page, input, path);
      if (refused) {
        await waitForText(page, '.news', refused);
        await press(page, 'Close');
        continue;
      }
      const name = file.replace(/[.]/g, '\\.');
      // FER2013's csv is called by its split.
      const called = /mixed|kaggle/.test(file) ? 'fer2013 training' : name;
      await waitForData(page, new RegExp(`${called}.*: ${learn} to learn from, ${held} held out`));
      const notes = await page.$$eval('.notes li', (all) => all.map((li) => li.textContent));
      expect(notes.join('\n'), file).toMatch(note ?? /^$/);
      expect(await text(page, '.drop')).not.toContain('\ufffd');
    }
    expect(watch.errors).toEqual([]);
  });
});
