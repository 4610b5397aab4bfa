/**
 * Keeps the whole site on this machine, so that it works without a network after one visit. Written by hand: the
 * site is a list of files, known when it is built, and what is to be done with it fits on a page.
 *
 * A page is asked from the network first, so an updated site is seen at once; everything else has a hash in its
 * name and never changes. A new version's pages are kept beside the old ones, which go when no tab shows them any more.
 */

/** Put in by `tools/offline.ts`: every file of the site, and a hash of them all. */
const FILES: string[] = JSON.parse('__FILES__');
/** What has a hash in its name is the same in every version; the rest is kept by version. */
const ASSETS = 'facegrad assets';
const PAGES = 'facegrad __VERSION__';
const isAsset = (file: string) => file.startsWith('assets/');
/** How long a page may take from the network before the kept one is shown, ms. */
const PATIENCE = 8000;

/** There is one of each file, whatever a host says its answer depends on. */
const ANY = { ignoreVary: true };

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

async function keepAll(): Promise<void> {
  for (const name of [ASSETS, PAGES]) {
    const cache = await caches.open(name);
    const kept = new Set((await cache.keys()).map(({ url }) => url));
    for (const file of FILES) {
      if (isAsset(file) !== (name === ASSETS)) continue;
      if (!kept.has(new URL(file, location.href).href)) await cache.put(file, await load(file));
    }
  }
}

async function load(file: string): Promise<Response> {
  const response = await fetch(file, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
  if (!response.redirected) return response;
  // Hosts that send live.html to live: what was redirected may not answer for a page.
  return new Response(await response.blob(), { headers: response.headers });
}

async function forgetOthers(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith('facegrad ') && name !== ASSETS && name !== PAGES)
      await caches.delete(name);
  }
  const assets = await caches.open(ASSETS);
  const needed = new Set(FILES.map((file) => new URL(file, location.href).href));
  for (const request of await assets.keys()) {
    if (!needed.has(request.url)) await assets.delete(request, ANY);
  }
}

async function page(request: Request): Promise<Response> {
  const kept = await keptPage(new URL(request.url));
  if (!kept) return fetch(request);
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  return Promise.race([fetch(request).catch(() => kept), late]);
}

async function keptPage({ origin, pathname }: URL): Promise<Response | undefined> {
  const cache = await caches.open(PAGES);
  const address = origin + pathname;
  for (const name of [address, `${address}.html`, `${address}index.html`]) {
    const kept = await cache.match(name, ANY);
    if (kept) return kept;
  }
  return undefined;
}

async function asset(request: Request): Promise<Response> {
  const kept = await (await caches.open(ASSETS)).match(request, ANY);
  return kept ?? fetch(request);
}

addEventListener('install', (event) => (event as ExtendableEvent).waitUntil(keepAll()));
addEventListener('activate', (event) => (event as ExtendableEvent).waitUntil(forgetOthers()));
addEventListener('fetch', (event) => {
  const { request, respondWith } = event as FetchEvent;
  const here = new URL('./', location.href).href;
  if (request.method !== 'GET' || !request.url.startsWith(here)) return;
  const file = request.url.slice(here.length);
  respondWith.call(event, isAsset(file) ? asset(request) : page(request));
});

export {};
