import { wgslLanguage } from '@iizukak/codemirror-lang-wgsl';
import { classHighlighter, highlightCode } from '@lezer/highlight';
import katexModule from '@vscode/markdown-it-katex';
import MarkdownIt from 'markdown-it';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const root = fileURLToPath(new URL('../', import.meta.url));
const TEMPLATE = 'lesson.html';

// A CommonJS module: Node hands its exports over as a whole.
const katex = (katexModule as unknown as { default: typeof katexModule }).default ?? katexModule;
const markdown = new MarkdownIt({
  html: true,
  highlight: (code, language) => (language === 'wgsl' ? highlight(code) : ''),
});
markdown.use(katex, { output: 'mathml', throwOnError: true });

/** WGSL with classes on its words; the page needs no script for it. */
function highlight(code: string): string {
  let html = '';
  const put = (text: string, classes?: string) => {
    const safe = markdown.utils.escapeHtml(text);
    html += classes ? `<span class="${classes}">${safe}</span>` : safe;
  };
  highlightCode(code, wgslLanguage.parser.parse(code), classHighlighter, put, () => put('\n'));
  return html;
}

interface Page {
  /** `path/04-threads-together`, `kernels/reduce`. */
  name: string;
  /** Name of the file in the site. */
  href: string;
  title: string;
  source: string;
  file: string;
  exercises: number;
}

function pageOf(folder: string, name: string): Page {
  const file = `${folder}/${name}.md`;
  const source = readFileSync(join(root, file), 'utf8');
  const kind = folder.split('/')[1];
  const data = `${root}learn/${kind}/${name}.ts`;
  return {
    name: `${kind}/${name}`,
    href: `${kind === 'path' ? 'learn' : 'kernel'}-${name}.html`,
    title: /^# (.*)/m.exec(source)![1],
    source,
    file,
    exercises: existsSync(data) ? readFileSync(data, 'utf8').match(/^ +id: '/gm)!.length : 0,
  };
}

/** Lessons in their order, and kernels by name. */
export function allPages(): { path: Page[]; kernels: Page[] } {
  const [path, kernels] = ['learn/path', 'docs/kernels'].map((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.md'))
      .sort()
      .map((file) => pageOf(folder, file.replace(/\.md$/, ''))),
  );
  return { path, kernels };
}

/** Markdown as HTML: `<<< file` is the file, links between pages go to the site's. */
function render({ source, file }: Page): string {
  const folder = dirname(join(root, file));
  const included = source.replace(/^<<< (\S+)$/gm, (_, path: string) => {
    const name = path.replace(/^.*?shaders\//, 'shaders/');
    return `**\`${name}\`**\n\n\`\`\`wgsl\n${readFileSync(join(folder, path), 'utf8')}\`\`\``;
  });
  return markdown
    .render(included)
    .replace(/<pre>/g, '<pre tabindex="0">')
    .replace(
      /href="(?:\.\/)?([\w-]+)\.md(#[^"]*)?"/g,
      (_, name: string, hash = '') =>
        `href="./${file.startsWith('docs/') ? 'kernel' : 'learn'}-${name}.html${hash}"`,
    )
    .replace(/href="(?:\.\.\/)*kernels\/([\w-]+)\.md"/g, 'href="./kernel-$1.html"');
}

/** How often the training step runs each file, as a test records it. */
const step: Record<string, number> = JSON.parse(
  readFileSync(join(root, 'learn/step.json'), 'utf8'),
);

/** Where the training step has a kernel's files. */
function placeInStep({ name }: Page): string {
  const [kind, kernel] = name.split('/');
  if (kind !== 'kernels') return '';
  const all = Object.values(step).reduce((sum, count) => sum + count, 0);
  const files = Object.entries(step).flatMap(([path, count]) => {
    const [, folder, file] = path.split('/');
    if (folder !== kernel) return [];
    return `<code>${file}</code> ${count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`}`;
  });
  const uses = files.length > 0 ? `runs ${files.join(', ')}` : 'does without this kernel';
  return `<h2>In the training step</h2><p>A step of the small preset, ${all} dispatches on a GPU without subgroups, ${uses}. <a href="./index.html">Train</a> shows what it costs on yours.</p>`;
}

function index({ path, kernels }: ReturnType<typeof allPages>): string {
  const item = ({ href, title, name, exercises }: Page) => {
    const count = exercises > 0 ? `${exercises} exercises` : '';
    return `<li><a href="./${href}">${markdown.renderInline(title)}</a> <span class="muted small" data-exercises="${exercises}" data-lesson="${name}">${count}</span></li>`;
  };
  const intro = readFileSync(join(root, 'learn/index.md'), 'utf8');
  return `${markdown.render(intro)}
    <h2>The path</h2><ol class="lessons">${path.map(item).join('')}</ol>
    <h2>Kernel by kernel</h2><p>To look things up: every kernel with its formula, its gradient, its files and two exercises.</p><ul class="kernels">${kernels.map(item).join('')}</ul>`;
}

function neighbours(pages: Page[], i: number): string {
  const link = (page: Page | undefined, words: string) =>
    page ? `<a href="./${page.href}">${words} ${page.title}</a>` : '<span></span>';
  return `<nav class="row neighbours" aria-label="Lessons">${link(pages[i - 1], '←')}<a href="./learn.html">All lessons</a>${link(pages[i + 1], '→')}</nav>`;
}

/** The lessons and kernel pages of the site: Markdown put into a copy each of the built template. */
export function pages(): Plugin {
  return {
    name: 'facegrad-pages',
    enforce: 'post',
    apply: 'build',
    generateBundle(_, bundle) {
      const template = bundle[TEMPLATE];
      if (template?.type !== 'asset') return;
      const html = String(template.source);
      delete bundle[TEMPLATE];
      const put = (fileName: string, title: string, lesson: string, prose: string) => {
        const filled = [
          ['TITLE', () => title],
          ['LESSON', () => lesson],
          ['<!--PROSE-->', () => prose],
        ] as const;
        const source = filled.reduce((text, [mark, value]) => text.replaceAll(mark, value), html);
        this.emitFile({ type: 'asset', fileName, source });
      };
      const all = allPages();
      put('learn.html', 'Learn', '', index(all));
      for (const list of [all.path, all.kernels]) {
        list.forEach((page, i) => {
          const prose = `${render(page)}${placeInStep(page)}${neighbours(list, i)}`;
          put(page.href, page.title, page.exercises > 0 ? page.name : '', prose);
        });
      }
    },
  };
}
