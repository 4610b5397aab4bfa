/** A time to the second: `2 min 5 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** A time that is guessed: `about 2 minutes`. */
export function roughly(seconds: number): string {
  if (seconds < 45) return 'less than a minute';
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const [name, length] = units.find(([, length]) => seconds >= 1.5 * length) ?? units[2];
  const count = Math.round(seconds / length);
  return `about ${count === 1 ? `a ${name}` : `${count} ${name}s`}`;
}

/** Bytes in the unit that suits: `5.3 MiB`. */
export function size(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (mib >= 1024) return `${(mib / 1024).toFixed(1)} GiB`;
  return `${mib.toFixed(mib < 10 ? 1 : 0)} MiB`;
}
