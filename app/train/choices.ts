/** What a person chooses for a training: by hand, by a link, or by a run that is gone on with. */
import { signal } from '@preact/signals';
import { defaultSettings, FACES, fromHash, type Settings } from './settings';
import { data, newClasses, news, settings, weak } from './state';

/**
 * Settings that a person or a link has chosen, by key. The others follow from the data and the machine, and
 * change with them.
 */
export const chosen = signal<ReadonlySet<string>>(new Set());

export function applyHash(): void {
  const read = fromHash(location.hash);
  adopt(read.chosen);
  if (read.refused.length > 0) {
    news.value = {
      kind: 'warn',
      title: 'The link asks for something this page does not have',
      text: `${read.refused.join(', ')}: left at the default.`,
    };
  }
}

/** Chooses these and nothing else. */
function adopt(some: Partial<Settings>): void {
  chosen.value = new Set(Object.keys(some));
  settings.value = { ...suitable(some.preset as string | undefined), ...some } as Settings;
}

export function set(key: string, value: string | number): void {
  chosen.value = new Set(chosen.value).add(key);
  settings.value = { ...settings.value, [key]: value };
}

/** A preset brings its own settings; what was changed by hand is given up. */
export function choosePreset(preset: string): void {
  const { [FACES.key]: faces } = settings.value;
  adopt(chosen.value.has(FACES.key) ? { preset, [FACES.key]: faces } : { preset });
}

/** Other data: what was not chosen follows it. */
export function refit(): void {
  const kept = [...chosen.value].map((key) => [key, settings.value[key]]);
  adopt(Object.fromEntries(kept) as Settings);
}

/** A run's own settings, as if they were chosen one by one. */
export function takeOver(all: Settings): void {
  const usual = suitable(String(all.preset));
  const preset = suitable().preset;
  const different = Object.entries(all).filter(
    ([key, value]) => value !== (key === 'preset' ? preset : usual[key]),
  );
  chosen.value = new Set(different.map(([key]) => key));
  settings.value = all;
}

/**
 * The settings that suit the data, and this machine: a small network on a phone or without a GPU, and where
 * there is little to learn from.
 */
function suitable(preset?: string): Settings {
  const { kind, training } = data.value ?? { kind: 'synthetic', training: [] };
  const items = training.reduce((a, b) => a + b, 0);
  const phone = matchMedia('(pointer: coarse) and (width < 48rem)').matches;
  const few = kind !== 'synthetic' && items < 1000;
  const known = newClasses.value;
  const fitting = defaultSettings(
    kind,
    preset ?? (weak.value || phone || few ? 'tiny' : undefined),
  );
  if (few)
    Object.assign(fitting, { batch: Math.max(2, Math.min(16, items)), epochs: known ? 8 : 20 });
  if (known) fitting.requiresGrad = 'last';
  return fitting;
}
