import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { latestWeights } from '../shared/latest_weights';
import { Field } from '../shared/widgets';
import type { WeightsFile } from './messages';
import { FileButton } from './viewer';

/**
 * Weights that can be chosen on a page: those of the site by the name of their file, `trained` for those that were
 * trained in this browser, and `file 0`, `file 1` … for opened ones.
 */
export type Choice = string;

/** Every file in `models/`: whatever is put there can be chosen. */
const files = import.meta.glob<string>('../../models/*.safetensors', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** What they are called, in the order of the list; others go by their file's name. */
const NAMES: Record<string, string> = {
  small: 'FER2013, pre-trained',
  equalized: 'FER2013, equalized only',
  edges: 'FER2013, edges only',
  raw: 'FER2013, as photographed',
  'ica-lda': 'FER2013, linear on components (ICA + LDA)',
  'lbp-svm': 'FER2013, linear on local binary patterns (LBP + SVM)',
  lda: 'FER2013, linear on pixels (LDA)',
  drawn: 'Drawn faces',
  'drawn-equalized': 'Drawn faces, equalized only',
  'drawn-edges': 'Drawn faces, edges only',
};

function siteWeights(): Map<Choice, WeightsFile> {
  const found = new Map(
    Object.entries(files).map(([path, url]) => [/([^/]+)\.safetensors$/.exec(path)![1], url]),
  );
  const ids = new Set([...Object.keys(NAMES).filter((id) => found.has(id)), ...found.keys()]);
  return new Map([...ids].map((id) => [id, { name: NAMES[id] ?? id, url: found.get(id) }]));
}

/** The weights that come with the site. */
export const SITE: ReadonlyMap<Choice, WeightsFile> = siteWeights();
/** Those for faces of people, and for drawn ones. */
export const REAL: Choice = 'small';
export const DRAWN: Choice = 'drawn';

/** Files that were opened while the page is there; those that were refused are gone. */
const opened = signal<(WeightsFile | undefined)[]>([]);
/** When the weights were trained that this browser keeps; undefined where there are none. */
const trainedAt = signal<number | undefined>(undefined);

/** @returns undefined where the choice is not there (any more) */
export async function weightsFor(choice: Choice): Promise<WeightsFile | undefined> {
  const site = SITE.get(choice);
  if (site) return site;
  if (choice !== 'trained') return opened.value[Number(choice.slice(5))];
  const latest = await latestWeights();
  return latest && { name: 'trained here', file: latest.file };
}

/** Adds an opened file to what can be chosen. */
export async function openWeights(file: File): Promise<Choice> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  opened.value = [...opened.value, { name: file.name, file: bytes }];
  return `file ${opened.value.length - 1}`;
}

/** Takes an opened file off the list. */
export function dropWeights(choice: Choice): void {
  opened.value = opened.value.map((file, i) => (choice === `file ${i}` ? undefined : file));
}

/** A list of weights, and a button to open more. */
export function WeightsField(props: {
  label: string;
  value: Choice;
  onChoose(choice: Choice): void;
}) {
  const { label, value, onChoose } = props;
  useEffect(() => {
    void latestWeights().then((latest) => (trainedAt.value = latest?.time));
  }, []);
  const time = trainedAt.value;
  const [first, ...others] = [...SITE].map(([id, { name }]) => (
    <option key={id} value={id}>
      {name}
    </option>
  ));
  return (
    <div class="weights">
      <Field label={label}>
        {(tied) => (
          <select
            {...tied}
            value={value}
            onChange={({ currentTarget }) => onChoose(currentTarget.value)}
          >
            {first}
            {(time !== undefined || value === 'trained') && (
              <option value="trained">
                Trained here{time === undefined ? '' : `, ${new Date(time).toLocaleString()}`}
              </option>
            )}
            {others}
            {opened.value.map(
              (file, i) =>
                file && (
                  <option key={i} value={`file ${i}`}>
                    {file.name}
                  </option>
                ),
            )}
          </select>
        )}
      </Field>
      <FileButton
        accept=".safetensors"
        onFiles={(files) => void openWeights(files[0]).then(onChoose)}
      >
        Open weights …
      </FileButton>
    </div>
  );
}
