import { requestGpu } from '../../src/gpu/device';
import type { Untyped } from '../peers/packages';
import { answer } from '../jobs/answer';
import type { Answer, Job, Place } from '../jobs/job';

/** What this page and bench/host/chrome.ts put on `window`. */
export interface BenchPage {
  facegradBench(job: Job): Promise<Answer>;
  facegradProgress(text: string): void;
  /** Which library has its turn, or null. */
  facegradTurn(library: string | null): void;
  /** CPU time of Chrome's processes in ms; 0 where the system does not tell. */
  facegradCpuTime(): Promise<number>;
}

const page = window as unknown as BenchPage;
/** The server shows bench/peers/node_modules as its root. */
const url = (path: string) => new URL(`/${path}`, location.href).href;

const place: Place = {
  requestGpu: () => requestGpu({ powerPreference: 'high-performance' }),
  loader: {
    url,
    script: (path) =>
      new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = url(path);
        script.onload = () => resolve();
        script.onerror = () => reject(new Error(`cannot load ${path}`));
        document.head.append(script);
      }),
    module: (path) => import(/* @vite-ignore */ url(path)) as Promise<Untyped>,
  },
  onProgress: (text) => page.facegradProgress(text),
  onTurn: (library) => page.facegradTurn(library ?? null),
};

page.facegradBench = async (job) => {
  if ((await page.facegradCpuTime()) > 0) place.cpuTime = page.facegradCpuTime;
  return answer(job, place);
};
document.title = 'ready';
