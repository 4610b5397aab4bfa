import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program of a page, as a person would paste it. */
export interface Snippet {
  /** File name: the page and a number, in TypeScript or JavaScript. */
  name: string;
  code: string;
}

/** The programs of README and docs: a page's blocks one after another, anew with each import of the package. */
export function snippets(root: string): Snippet[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`);
  return ['README.md', ...docs.sort()].flatMap((page) =>
    programs(page, readFileSync(join(root, page), 'utf8')),
  );
}

function programs(page: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  for (const [, language, code] of text.matchAll(/^```(ts|js)\n([\s\S]*?)^```/gm)) {
    const last = found.at(-1);
    if (last && !code.includes("from 'facegrad'")) last.code += code;
    else {
      const name = `${page.replace(/\W+/g, '_')}_${found.length + 1}.${language}`;
      found.push({ name, code });
    }
  }
  return found;
}
