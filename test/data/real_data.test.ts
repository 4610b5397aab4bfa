import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  blankImages,
  classCounts,
  crossSplitDuplicates,
  dropClass,
  duplicates,
} from '../../src/data/dataset';
import { loadCkPlusFolder, loadFer2013Folder, splitBySubject } from '../../src/data/load';
import { diskTree } from '../../src/data/node_files';

const FER2013 = '../shared/data/fer2013';
const CK_PLUS = '../shared/data/ckplus48';

/** The data sets are not in the repository: says whether what needs one runs. */
function there(path: string): boolean {
  const found = existsSync(path);
  console.log(found ? `${path} is there: checked` : `${path} is not there: NOT checked`);
  return found;
}

describe.runIf(there(FER2013))('FER2013', () => {
  it('has the published counts', async () => {
    const { training, publictest } = await loadFer2013Folder(await diskTree(FER2013), [
      'training',
      'publictest',
    ]);
    expect(classCounts(training!)).toEqual([3995, 436, 4097, 7215, 4830, 3171, 4965]);
    expect(classCounts(publictest!)).toEqual([467, 56, 496, 895, 653, 415, 607]);
    expect(dropClass(publictest!, 'neutral').count).toBe(3589 - 607);
    expect(duplicates(training!)).toEqual({
      groups: 1035,
      surplus: 1236,
      contradictory: 39,
      contradictoryImages: 107,
    });
    expect(duplicates(publictest!)).toMatchObject({ groups: 26, surplus: 26, contradictory: 1 });
    const copies = crossSplitDuplicates(training!, publictest!);
    expect(copies.indices.length).toBe(280);
    expect(copies.sameLabel).toBe(273);
    expect(blankImages(training!).slice(0, 3)).toEqual([2896, 8329, 9409]);
    expect(blankImages(training!).length).toBe(11);
    expect(blankImages(publictest!)).toEqual([222]);
  });
});

describe.runIf(there(CK_PLUS))('CK+', () => {
  it('has the published counts, without contempt', async () => {
    const set = await loadCkPlusFolder(await diskTree(CK_PLUS));
    expect(set.sequences.length).toBe(267 - 13);
    expect(set.length).toBe(4);
    const counts = new Array<number>(7).fill(0);
    for (const { label } of set.sequences) counts[label] += 1;
    expect(counts).toEqual([36, 48, 21, 57, 24, 68, 0]);
    const { train, test } = splitBySubject(set, { seed: 0 });
    expect(train.sequences.length + test.sequences.length).toBe(254);
    expect(new Set([...test.groups!].filter((g) => train.groups!.includes(g))).size).toBe(0);
  });
});
