import readme from '../../models/README.md?raw';

/** How well the weights that come with the page did on pictures that they were not trained on. */
export interface Measured {
  /** In percent. */
  accuracy: number;
  images: number;
  split: string;
  /** Percent of each true class that was recognised. */
  recalls: { name: string; recall: number }[];
}

/**
 * Reads the figures off models/README.md, where training's report stands.
 * @throws where they are not there: the page must not show figures of other weights
 */
export function measuredOf(text: string): Measured {
  const line = /accuracy ([\d.]+) % on (\d+) of (\w+)/.exec(text);
  const table = /\n( +[a-z].*)\n((?:[a-z]+ .* n=\d+\n)+)/.exec(text);
  if (!line || !table) throw new Error('models/README.md has no accuracy and confusion matrix');
  const names = table[1].trim().split(/\s+/);
  const rows = table[2].trim().split('\n');
  const recalls = rows.map((row, i) => {
    const cells = row.trim().split(/\s+/);
    if (cells[0] !== names[i]) throw new Error(`models/README.md: row ${cells[0]}`);
    return { name: names[i], recall: Number(cells[i + 1]) };
  });
  return { accuracy: Number(line[1]), images: Number(line[2]), split: line[3], recalls };
}

export const measured = measuredOf(readme);
