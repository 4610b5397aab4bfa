import { effect, signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const KEY = 'facegrad-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

const systemTheme = (): Theme => (system.matches ? 'dark' : 'light');

/** What a person chose here before; a browser that keeps nothing follows the system. */
function chosen(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The theme that shows: the person's choice, else the system's. Charts redraw when it changes. */
export const theme = signal<Theme>(chosen() ?? systemTheme());

system.addEventListener('change', () => {
  if (!chosen()) theme.value = systemTheme();
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** Goes to the other theme; back at the system's, the system decides again. */
export function switchTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  try {
    if (theme.value === systemTheme()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme.value);
  } catch {
    // a browser that keeps nothing: the choice holds until the page is left
  }
}

/** A token's colour as it stands now, for canvases, which know no custom properties. */
export function color(token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
