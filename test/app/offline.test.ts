import { readFileSync } from 'node:fs';
import type { HtmlTagDescriptor } from 'vite';
import { afterEach, expect, it, vi } from 'vitest';
import { offline } from '../../tools/offline';

afterEach(() => vi.unstubAllEnvs());

/** What links to a page show, by name. */
function linkFacts(): Map<string, unknown> {
  const transform = offline().transformIndexHtml as (html: string) => HtmlTagDescriptor[];
  const tags = transform(readFileSync('app/live.html', 'utf8'));
  return new Map(
    tags.map(({ attrs }) => [String(attrs!.property ?? attrs!.name ?? attrs!.rel), attrs!.content]),
  );
}

it('a preview image has the absolute address that SITE_URL gives it', () => {
  for (const site of ['https://example.org/facegrad', 'https://example.org/facegrad/']) {
    vi.stubEnv('SITE_URL', site);
    const facts = linkFacts();
    expect(facts.get('og:image')).toBe('https://example.org/facegrad/preview.png');
    expect(facts.get('twitter:card')).toBe('summary_large_image');
  }
});

it('without SITE_URL there is no image, but title and description', () => {
  vi.stubEnv('SITE_URL', '');
  const facts = linkFacts();
  expect([...facts.keys()].filter((name) => /image|twitter/.test(name))).toEqual([]);
  expect(facts.get('og:title')).toBe('Live · facegrad');
  expect(facts.get('og:description')).toMatch(/expression from the camera/);
});
