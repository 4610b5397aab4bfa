import { render, type ComponentChildren } from 'preact';
import icon from './icon.svg';
import { keepOffline } from './offline';
import { switchTheme, theme } from './theme';

/** The pages in the order of the navigation. */
const PAGES = {
  train: { href: './index.html', label: 'Train' },
  live: { href: './live.html', label: 'Live' },
  compare: { href: './compare.html', label: 'Compare' },
  bench: { href: './bench.html', label: 'Benchmark' },
  learn: { href: './learn.html', label: 'Learn' },
  check: { href: './check.html', label: 'Check this GPU' },
};

export type PageName = keyof typeof PAGES;

/** Draws a page: header with navigation and theme switch, its content, and the promise of privacy. */
export function mountPage(page: PageName, content: ComponentChildren): void {
  render(<Shell page={page}>{content}</Shell>, document.getElementById('app')!);
  keepOffline();
}

/** On a phone the row of links is wider than the screen. */
function intoView(link: HTMLElement | null): void {
  link?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
}

function Shell({ page, children }: { page: PageName; children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="shell-header">
        <div class="shell-bar">
          <a class="brand" href="./index.html" aria-label="facegrad">
            <img src={icon} alt="" />
            <span>facegrad</span>
          </a>
          <nav class="shell-nav" aria-label="Pages">
            {Object.entries(PAGES).map(([name, { href, label }]) => (
              <a
                key={name}
                href={href}
                aria-current={name === page ? 'page' : undefined}
                ref={name === page ? intoView : undefined}
              >
                {label}
              </a>
            ))}
          </nav>
          <ThemeSwitch />
        </div>
      </header>
      <main class="shell-main" id="main" tabIndex={-1}>
        {children}
      </main>
      <footer class="shell-footer">
        Everything happens on this machine: no picture, weight or measurement leaves it.
      </footer>
    </>
  );
}

function ThemeSwitch() {
  const dark = theme.value === 'dark';
  const label = dark ? 'Light theme' : 'Dark theme';
  return (
    <button
      type="button"
      class="button quiet icon"
      aria-label={label}
      title={label}
      onClick={switchTheme}
    >
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        {dark ? (
          <>
            <circle cx="12" cy="12" r="4" />
            <path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />
          </>
        ) : (
          <path d="M20.5 14.2A8.5 8.5 0 0 1 9.8 3.5a8.5 8.5 0 1 0 10.7 10.7Z" />
        )}
      </svg>
    </button>
  );
}
