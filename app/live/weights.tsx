import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { latestWeights } from '../shared/latest_weights';
import { Field } from '../shared/widgets';
import type { WeightsFile } from './messages';
import { FileButton } from './viewer';

/** Weights that can be chosen on a page: those of the page, those trained here, and opened files. */
export type Choice = 'bundled' | 'trained' | `file ${number}`;

/** The weights that come with the page. */
export const BUNDLED: WeightsFile = { name: 'FER2013, pre-trained' };

/** Files that were opened while the page is there. */
const opened = signal<WeightsFile[]>([]);
/** When the weights were trained that this browser keeps; undefined where there are none. */
const trainedAt = signal<number | undefined>(undefined);

/** @returns undefined where the choice is not there (any more) */
export async function weightsFor(choice: Choice): Promise<WeightsFile | undefined> {
  if (choice === 'bundled') return BUNDLED;
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
  return (
    <div class="weights">
      <Field label={label}>
        {(tied) => (
          <select
            {...tied}
            value={value}
            onChange={({ currentTarget }) => onChoose(currentTarget.value as Choice)}
          >
            <option value="bundled">{BUNDLED.name}</option>
            {(time !== undefined || value === 'trained') && (
              <option value="trained">
                Trained here{time === undefined ? '' : `, ${new Date(time).toLocaleString()}`}
              </option>
            )}
            {opened.value.map(({ name }, i) => (
              <option key={i} value={`file ${i}`}>
                {name}
              </option>
            ))}
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
