import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { faceModel } from './tools/face_model';
import { ownSystems } from './tools/own_systems';
import { kernelTests } from './tools/kernel_tests';
import { offline, WORKER } from './tools/offline';
import { pages } from './tools/pages';
import { peerFiles, peers } from './tools/peers';
import { wgsl } from './tools/wgsl_plugin';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * What a page of the demo may load: its own files, nothing else. WebAssembly is for the face detector;
 * blob: pictures and videos are those that a person drops.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The policy stands in the page itself, so that any host of static files keeps it. */
const contentSecurityPolicy: Plugin = {
  name: 'facegrad-csp',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
};

const plugins = () => [
  wgsl({ comments: false }),
  faceModel(),
  ownSystems(),
  kernelTests(),
  peers(),
];

/** The demo: static pages with relative paths, for any host. `npm run demo` builds and serves it. */
export default defineConfig({
  root: path('app'),
  base: './',
  plugins: [...plugins(), contentSecurityPolicy, pages(), offline()],
  worker: {
    format: 'es',
    plugins,
    rollupOptions: { output: peerFiles },
  },
  build: {
    target: 'es2022',
    outDir: path('dist-app'),
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: URL is not 'self'
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        ...['index', 'live', 'compare', 'bench', 'check', 'lesson'].map((page) => `${page}.html`),
        'offline.worker.ts',
      ].map((file) => path(`app/${file}`)),
      output: {
        entryFileNames: ({ name }) =>
          name === 'offline.worker' ? WORKER : 'assets/[name]-[hash].js',
      },
    },
  },
  preview: { host: '127.0.0.1', port: 4173 },
});
