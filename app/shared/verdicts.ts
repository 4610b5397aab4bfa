/** What the check of an adapter's fast kernels found, kept by the browser: a worker has no localStorage. */
import type { VerdictStore } from '../../src/tape/variants';

const NAME = 'facegrad-verdicts';
const address = (key: string) => `/verdict?${encodeURIComponent(key)}`;

/** A browser that keeps nothing has every page check again. */
export const verdicts: VerdictStore = {
  async get(key) {
    try {
      const kept = await (await caches.open(NAME)).match(address(key));
      return await kept?.text();
    } catch {
      return undefined;
    }
  },
  async set(key, verdict) {
    try {
      await (await caches.open(NAME)).put(address(key), new Response(verdict));
    } catch {
      // as above
    }
  },
};
