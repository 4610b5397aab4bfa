import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Plugin } from 'vite';
import { PEERS } from './peers';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Name of the built service worker: it must stay the same from version to version. */
export const WORKER = 'offline.js';
const MANIFEST = 'manifest.webmanifest';
const ICONS = [192, 512] as const;
const PREVIEW = 'preview.png';

const manifest = {
  name: 'facegrad',
  short_name: 'facegrad',
  description: 'Train and run a facial-expression network on your own GPU, in a browser tab.',
  start_url: './index.html',
  scope: './',
  display: 'standalone',
  background_color: '#f5f6f9',
  theme_color: '#3457d5',
  icons: ICONS.map((size) => ({
    src: `./icon-${size}.png`,
    sizes: `${size}x${size}`,
    type: 'image/png',
    purpose: 'any maskable',
  })),
};

/** The icon with its ground to the edges, as systems cut it out themselves. */
function icon(size: number): Promise<Buffer> {
  const svg = readFileSync(`${root}app/shared/icon.svg`, 'utf8').replace('rx="9"', '');
  return sharp(Buffer.from(svg), { density: (72 * size) / 32 })
    .resize(size)
    .png()
    .toBuffer();
}

/**
 * What makes an app of the site: a manifest, icons, a service worker that knows every file, and words and a picture for
 * links to it. A picture needs an absolute address: it has one where `SITE_URL` says where the site will be.
 */
export function offline(): Plugin {
  const site = process.env.SITE_URL;
  return {
    name: 'facegrad-offline',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml(html) {
      const title = /<title>(.*)<\/title>/.exec(html)![1];
      const description = /name="description"\s+content="([^"]*)"/.exec(html)![1];
      const property = (property: string, content: string) => ({
        tag: 'meta',
        attrs: { property, content },
      });
      const link = (rel: string, href: string) => ({ tag: 'link', attrs: { rel, href } });
      const preview = site && new URL(PREVIEW, site.replace(/\/?$/, '/')).href;
      return [
        link('manifest', `./${MANIFEST}`),
        link('apple-touch-icon', `./icon-${ICONS[0]}.png`),
        property('og:type', 'website'),
        property('og:site_name', 'facegrad'),
        property('og:title', title),
        property('og:description', description),
        ...(preview
          ? [
              property('og:image', preview),
              property('og:image:alt', 'The Train page: curves, confusion matrix and pictures'),
              { tag: 'meta', attrs: { name: 'twitter:card', content: 'summary_large_image' } },
            ]
          : []),
      ];
    },
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const own = new Map<string, string | Uint8Array>([[MANIFEST, JSON.stringify(manifest)]]);
        for (const size of ICONS) own.set(`icon-${size}.png`, await icon(size));
        for (const [fileName, source] of own) this.emitFile({ type: 'asset', fileName, source });
        if (site) {
          const shot = sharp(`${root}docs/public/demo.png`).resize(1200, 630, { position: 'top' });
          const source = await shot.png().toBuffer();
          this.emitFile({ type: 'asset', fileName: PREVIEW, source }); // only other sites ask for it
        }
        const worker = bundle[WORKER];
        if (worker?.type !== 'chunk') throw new Error(`${WORKER} was not built`);
        const files = new Map(own);
        for (const file of Object.values(bundle)) {
          files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
        }
        files.delete(WORKER);
        files.delete(PREVIEW);
        for (const name of files.keys()) if (name.startsWith(PEERS)) files.delete(name); // large, for those who ask
        const hash = createHash('sha256');
        for (const name of [...files.keys()].sort()) hash.update(name).update(files.get(name)!);
        const names = JSON.stringify([...files.keys()]);
        worker.code = worker.code
          .replace(/(["'`])__FILES__\1/, () => JSON.stringify(names))
          .replace('__VERSION__', hash.digest('hex').slice(0, 16));
      },
    },
  };
}
