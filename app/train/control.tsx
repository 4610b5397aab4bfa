import { set } from './choices';
import type { SETTINGS } from './settings';
import { fromWeights, settings } from './state';

/** A setting's select or input. */
export function Control(props: {
  setting: (typeof SETTINGS)[number];
  tied: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean };
  locked: boolean;
}) {
  const { setting, tied, locked } = props;
  const { key, options, min, max, step } = setting;
  const value = settings.value[key];
  // What a person sees of the network when it comes from a file is that file's.
  const disabled = locked || (setting.group === 'Network' && fromWeights.value !== undefined);
  if (options) {
    return (
      <select
        {...tied}
        value={value}
        disabled={disabled}
        onChange={(e) => set(key, e.currentTarget.value)}
      >
        {Object.entries(options).map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...tied}
      type="number"
      inputMode="decimal"
      min={min}
      max={max}
      step="any"
      data-step={step}
      value={value}
      disabled={disabled}
      onInput={(e) => set(key, e.currentTarget.value)}
    />
  );
}
