import { useRef, useState } from 'preact/hooks';
import { Button, Card, Field } from '../shared/widgets';
import { picked, pickedFromDrop } from './drop';
import { Control } from './control';
import { PictureGrid } from './picture_grid';
import { Record } from './record';
import { StartFrom } from './start_from';
import type { Photographs } from './protocol';
import { draw, goOn, pause, read, start, stop } from './session';
import {
  data,
  estimate,
  fromWeights,
  guesses,
  phase,
  photographs,
  reading,
  resumable,
  saved,
  settings,
  training,
} from './state';
import { choosePreset, set } from './choices';
import { SYSTEMS } from '../../src/nn/systems';
import { FACES, isPreset, NETWORKS, problemOf, SETTINGS } from './settings';
import { roughly, size } from './words';

/** Numbers of the settings that cannot be, by key. */
function problems(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const setting of [FACES, ...SETTINGS]) {
    if ('options' in setting && setting.options) continue;
    const problem = problemOf(setting, settings.value[setting.key]);
    if (problem) found[setting.key] = problem;
  }
  return found;
}

export function Buttons() {
  const at = phase.value;
  const busy = at === 'opening' || at === 'unsupported' || reading.value !== undefined;
  const wrong = Object.keys(problems()).length > 0;
  if (!training.value) {
    const again = resumable.value || saved.value !== undefined;
    const done = at === 'ended' && !again && !guesses.value;
    return (
      <div class="row actions">
        {done && (
          <a class="button primary" href="./live.html?weights=trained">
            Try it live
          </a>
        )}
        {again && (
          <Button kind="primary" onClick={goOn}>
            Resume
          </Button>
        )}
        <Button
          kind={again || done ? undefined : 'primary'}
          disabled={busy || wrong}
          onClick={start}
        >
          {again || at === 'ended' ? 'Start over' : 'Start training'}
        </Button>
        {wrong && <span class="small muted">A setting is out of range.</span>}
      </div>
    );
  }
  return (
    <div class="row actions">
      {at === 'paused' ? (
        <Button kind="primary" onClick={goOn}>
          Resume
        </Button>
      ) : (
        <Button kind="primary" disabled={at !== 'running'} onClick={pause}>
          {at === 'pausing' ? 'Pausing …' : 'Pause'}
        </Button>
      )}
      <Button disabled={at === 'stopping'} onClick={stop}>
        {at === 'stopping' ? 'Stopping …' : 'Stop'}
      </Button>
    </div>
  );
}

export function DataCard() {
  const input = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const set = data.value;
  const locked = training.value;
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0).toLocaleString('en');
  return (
    <Card
      title="Data"
      class={over ? 'drop-over' : undefined}
      aside={set?.kind === 'synthetic' ? 'drawn, not photographed' : undefined}
    >
      <div
        class="drop"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={async (event) => {
          event.preventDefault();
          setOver(false);
          if (!locked) read(await pickedFromDrop(event.dataTransfer!));
        }}
      >
        {set ? (
          <>
            <PictureGrid
              pictures={set.samples}
              columns={Math.ceil(
                set.samples.pixels.length / (set.samples.width * set.samples.height) / 2,
              )}
              label={`Examples of ${set.classes.join(', ')}`}
            />
            <p class="small said">
              <strong>{set.name}</strong>: {sum(set.training)} to learn from
              {set.validation.length > 0 && `, ${sum(set.validation)} held out`};{' '}
              {set.classes.join(', ')}.
            </p>
            {set.notes.length > 0 && (
              <ul class="small notes">
                {set.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            )}
          </>
        ) : (
          <>
            <div class="drop-empty" />
            <p class="small said" />
          </>
        )}
        <p class="small muted said" aria-live="polite">
          {reading.value
            ? `${capital(reading.value.what)} …${reading.value.total ? ` ${reading.value.done} of ${reading.value.total}` : ''}`
            : 'Or drop fer2013.csv, IDX files, or a folder or zip of pictures sorted by class here. They stay on this machine.'}
        </p>
        <Field label="Of a photograph, take">
          {(tied) => (
            <select
              {...tied}
              value={photographs.value}
              disabled={locked}
              onChange={(e) => (photographs.value = e.currentTarget.value as Photographs)}
            >
              <option value="face">the face, or leave it out</option>
              <option value="face or whole">the face, or all of it</option>
              <option value="whole">all of it</option>
            </select>
          )}
        </Field>
        <div class="row">
          {set && set.kind !== 'synthetic' && (
            <Button disabled={locked} onClick={draw}>
              Drawn faces
            </Button>
          )}
          <Button disabled={locked} onClick={() => input.current!.click()}>
            Files …
          </Button>
          <Button disabled={locked} onClick={() => folder.current!.click()}>
            Folder …
          </Button>
        </div>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Files"
          onChange={(e) => take(e.currentTarget)}
        />
        <input
          ref={(element) => {
            folder.current = element;
            if (element) element.webkitdirectory = true;
          }}
          type="file"
          hidden
          aria-label="Folder"
          onChange={(e) => take(e.currentTarget)}
        />
      </div>
      <Record />
    </Card>
  );
}

function take(input: HTMLInputElement): void {
  read(picked(input.files ?? []));
  input.value = ''; // the same file again is a choice again
}

const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

const names = Object.keys(NETWORKS);
/** Beside the presets and a network of one's own. */
const isBuiltIn = (name: unknown) => SYSTEMS.some((system) => system.name === name);

const choice = (preset: string) => (
  <label key={preset} class="preset">
    <input
      type="radio"
      name="preset"
      value={preset}
      checked={settings.value.preset === preset}
      onChange={() => choosePreset(preset)}
    />
    <span>
      <strong>{preset}</strong>
      <span class="small muted">{NETWORKS[preset]}</span>
    </span>
  </label>
);

export function SettingsCard() {
  const locked = training.value;
  const wrong = problems();
  const own = fromWeights.value;
  // The paper's network has settings of its own; other systems come as they are.
  const applying = SETTINGS.filter(
    ({ group }) =>
      group !== 'Start' && (group !== 'Network' || own || isPreset(settings.value.preset)),
  );
  const groups = [...new Set(applying.map(({ group }) => group))];
  return (
    <Card title="Network">
      <StartFrom />
      {!own && (
        <fieldset class="presets" disabled={locked}>
          <legend class="hidden-text">Network</legend>
          {names.filter((name) => !isBuiltIn(name)).map(choice)}
          <details class="others" open={isBuiltIn(settings.value.preset)}>
            <summary>Other networks</summary>
            <div class="presets">{names.filter(isBuiltIn).map(choice)}</div>
          </details>
        </fieldset>
      )}
      <details class="more">
        <summary>More settings</summary>
        <div class="more-groups">
          {(data.value?.kind ?? 'synthetic') === 'synthetic' && (
            <Field
              label="Drawn faces"
              help="How many are drawn to learn from; a quarter as many, of other people, are held out."
              problem={wrong[FACES.key]}
            >
              {(tied) => (
                <input
                  {...tied}
                  type="number"
                  min={FACES.min}
                  max={FACES.max}
                  value={settings.value[FACES.key]}
                  disabled={locked}
                  onInput={(e) => set(FACES.key, e.currentTarget.value)}
                />
              )}
            </Field>
          )}
          {groups.map((group) => (
            <fieldset key={group} class="more-group" disabled={locked}>
              <legend>{group}</legend>
              {SETTINGS.filter((setting) => setting.group === group).map((setting) => (
                <Field
                  key={setting.key}
                  label={setting.label}
                  help={setting.help}
                  problem={wrong[setting.key]}
                >
                  {(tied) => <Control setting={setting} tied={tied} locked={locked} />}
                </Field>
              ))}
            </fieldset>
          ))}
        </div>
      </details>
      <p class="small muted">
        These settings are in the address of this page: share it to share them.
      </p>
    </Card>
  );
}

/** An hour is more than one waits for beside a page. */
const LONG_SECONDS = 3600;

/** What a start would take of this machine. */
export function Takes() {
  const known = estimate.value;
  if (training.value || phase.value === 'unsupported') return null;
  // Its two lines are kept free from the first, so that nothing below moves when they come.
  if (!known) return <p class="small takes" role="status" />;
  if ('problem' in known) return <p class="small takes problem">{known.problem}.</p>;
  const { seconds, bytes } = known;
  const long = seconds !== undefined && seconds > LONG_SECONDS;
  return (
    <p class={`small takes ${long ? 'long' : 'muted'}`} role="status">
      Takes {seconds !== undefined && `${roughly(seconds)} and `}
      {size(bytes)} of memory here.
      {long &&
        ' A smaller network or fewer epochs take less time; pausing or reloading loses nothing.'}
    </p>
  );
}
