/** Files as people have them, where they are at hand; `open.test.ts` makes its own of each kind. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openData } from '../../cli/source';
import { classCounts, EXPRESSIONS, type ImageSet } from '../../src/data/dataset';
import { expectBadInput } from './fixtures';
import { FIELD_FILES, FIELD_FOLDER } from './field_files';

const found = existsSync(FIELD_FOLDER);
console.log(`${FIELD_FOLDER} is ${found ? 'there: checked' : 'not there: NOT checked'}`);

describe.runIf(found)('files as people have them', () => {
  const open = (file: string) =>
    openData({ data: join(FIELD_FOLDER, file), without: [], lastFrame: false, fold: 0 });

  it.each(FIELD_FILES)('$file', async ({ file, learn, held, classes, note, refused }) => {
    if (refused) return expectBadInput(() => open(file), refused);
    const { sets, notes } = await open(file);
    const { training, publictest } = sets;
    expect([training!.count, publictest!.count]).toEqual([learn, held]);
    const counts = classCounts(training as ImageSet).map(
      (count, c) => count + classCounts(publictest as ImageSet)[c],
    );
    const named = training!.classes.filter((_, c) => counts[c] > 0);
    if (classes) expect(named).toHaveLength(classes);
    expect(named.join()).not.toContain('\ufffd');
    expect(notes.join('\n')).toMatch(note ?? /^$/);
  });

  it('an empty class is empty where it is', async () => {
    const { publictest } = (await open('empty-class.zip')).sets;
    expect(classCounts(publictest as ImageSet)[EXPRESSIONS.indexOf('disgust')]).toBe(0);
  });

  it('FER2013 has its third split', async () => {
    expect((await open('kaggle-archive.zip')).sets.privatetest!.count).toBe(3);
  });
});
