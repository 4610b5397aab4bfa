import { ownSystems } from 'virtual:facegrad-own-systems';
import { requestGpu } from '../../src/gpu/device';
import { SYSTEMS } from '../../src/nn/systems';
import { perform, plainError, type Blobs, type Jobs } from '../jobs/job';
import type { PageGlobals, PageJob, PageMessage } from './protocol';

const globals = window as unknown as PageGlobals;

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response;
}

/** Fetches the job beside the page, runs it, and tells the command line all about it. */
export async function servePage(jobs: Jobs): Promise<void> {
  const stop = new AbortController();
  globals.facegradStop = () => stop.abort();
  let told = Promise.resolve();
  const tell = (message: PageMessage) => {
    const text = JSON.stringify(message);
    told = told.then(() => globals.facegradPost(text));
  };
  try {
    const { kind, config, inputs }: PageJob = await (await get('job')).json();
    const blobs: Blobs = {};
    for (const name of inputs) {
      const response = await get(`inputs/${encodeURIComponent(name)}`);
      blobs[name] = new Uint8Array(await response.arrayBuffer());
    }
    await perform(
      jobs,
      { kind, config, inputs: blobs },
      {
        stop: stop.signal,
        systems: [...SYSTEMS, ...ownSystems],
        openGpu: () => requestGpu({ powerPreference: 'high-performance' }),
        emit: (event) => tell({ type: 'event', event }),
        async file(name, bytes) {
          await told; // events and files come in the order in which they were given
          const url = `files/${encodeURIComponent(name)}`;
          // As a Blob: Puppeteer's view of the network takes 10 s for 70 MB of plain bytes.
          const body = new Blob([bytes as BlobPart]);
          const response = await fetch(url, { method: 'POST', body });
          if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
        },
      },
    );
    tell({ type: 'end' });
  } catch (error) {
    tell({ type: 'failed', error: plainError(error) });
  }
}
