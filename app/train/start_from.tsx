/** What a training starts from: random weights, those that come with the page, or a file's. */
import { useRef } from 'preact/hooks';
import { Button, Field } from '../shared/widgets';
import { Control } from './control';
import { picked } from './drop';
import { read, startFrom, startFromNothing } from './session';
import { SETTINGS } from './settings';
import { data, fromWeights, newClasses, phase, training } from './state';

const LAYERS = SETTINGS.find(({ key }) => key === 'requiresGrad')!;

export function StartFrom() {
  const input = useRef<HTMLInputElement>(null);
  const own = fromWeights.value;
  const locked = training.value || phase.value === 'unsupported';
  return (
    <>
      <div class="start-from">
        <Field label="Start from">
          {(tied) => (
            <select
              {...tied}
              value={own ? (own.shipped ? 'shipped' : 'file') : 'nothing'}
              disabled={locked}
              onChange={({ currentTarget }) =>
                currentTarget.value === 'shipped' ? startFrom() : startFromNothing()
              }
            >
              <option value="nothing">random weights</option>
              <option value="shipped">FER2013, pre-trained</option>
              {own && !own.shipped && <option value="file">{own.name}</option>}
            </select>
          )}
        </Field>
        <Button disabled={locked} onClick={() => input.current!.click()}>
          Open weights …
        </Button>
        <input
          ref={input}
          type="file"
          accept=".safetensors"
          hidden
          aria-label="Weights"
          onChange={(event) => {
            read(picked(event.currentTarget.files ?? []));
            event.currentTarget.value = '';
          }}
        />
      </div>
      {own && (
        <>
          <p class="small" role="status">
            {own.about}.{' '}
            {newClasses.value
              ? `Trained on ${own.classes.join(', ')}: the last layer starts anew, for ${data.value!.classes.join(', ')}.`
              : 'Its classes are those of the data, so every layer carries over.'}
          </p>
          <Field label={LAYERS.label} help={LAYERS.help}>
            {(tied) => <Control setting={LAYERS} tied={tied} locked={locked} />}
          </Field>
        </>
      )}
    </>
  );
}
