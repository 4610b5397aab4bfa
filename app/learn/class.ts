/** `?class`: large type, and keys that step, for a projector. */
export const forClass = new URLSearchParams(location.search).has('class');

/** Shows the page so, and the pages that it links to. */
export function openForClass(prose: HTMLElement): void {
  if (!forClass) return;
  document.documentElement.classList.add('for-class');
  for (const link of prose.querySelectorAll<HTMLAnchorElement>(
    'a[href^="./learn"], a[href^="./kernel"]',
  )) {
    const url = new URL(link.href);
    url.search = 'class';
    link.href = url.href;
  }
}
