import katexModule from '@vscode/markdown-it-katex';
import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const kernels = readdirSync(new URL('../kernels', import.meta.url))
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.replace(/\.md$/, ''))
  .sort();

// A CommonJS module: Node hands its exports over as a whole.
const katex = (katexModule as unknown as { default: typeof katexModule }).default ?? katexModule;

/** The pages of `docs/` as a site; shaders are included from their files (`<<<`), never copied. */
export default defineConfig({
  title: 'facegrad',
  description: 'A facial-expression CNN-LSTM trained on WebGPU, from hand-written WGSL.',
  // As MathML, which browsers set themselves: neither style sheet nor fonts are loaded for it.
  markdown: { config: (md) => md.use(katex, { output: 'mathml', throwOnError: true }) },
  themeConfig: {
    nav: [
      { text: 'Architecture', link: '/architecture' },
      { text: 'Kernels', link: '/kernels/relu' },
    ],
    sidebar: [
      {
        text: 'How it is built',
        items: [
          { text: 'Architecture', link: '/architecture' },
          { text: 'Operations as functions', link: '/eager' },
          { text: 'A model of your own', link: '/own-model' },
          { text: 'Data and files', link: '/data' },
          { text: 'The demo', link: '/demo' },
          { text: 'How fast', link: '/speed' },
          { text: 'Results', link: '/results' },
        ],
      },
      {
        text: 'Kernels',
        items: kernels.map((name) => ({ text: name, link: `/kernels/${name}` })),
      },
    ],
    outline: 'deep',
    search: { provider: 'local' },
  },
});
