import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent, JobFile } from '../../cli/jobs/job';
import { chromeRuntime } from '../../cli/runtime/chrome';
import { nodeRuntime } from '../../cli/runtime/node';
import type { Runtime } from '../../cli/runtime/runtime';
import { FacegradError } from '../../src/gpu/errors';
import { jobs } from './fake_jobs';

const runtimes = {
  node: async () => nodeRuntime(jobs),
  chrome: () => chromeRuntime({ jobs: 'test/cli/fake_jobs.ts' }),
};

async function all(events: AsyncIterable<JobEvent | JobFile>): Promise<JobEvent[]> {
  const list: JobEvent[] = [];
  for await (const event of events) list.push({ ...event });
  return list;
}

describe.each(Object.entries(runtimes))('runtime %s', (name, open) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open();
  });
  afterAll(async () => {
    await runtime?.close();
  });

  it('carries JSON and bytes there and back, in order', async () => {
    const inputs = { 'a b/ü': new Uint8Array([1, 2, 3]), empty: new Uint8Array(0) };
    const config = { text: 'ü', list: [1, null, { x: 0.1 }] };
    const events = await all(runtime.run({ kind: 'echo', config, inputs }));
    expect(events.map(({ type }) => type)).toEqual([
      'config',
      'got',
      'file',
      'got',
      'file',
      'done',
    ]);
    expect(events[0].config).toEqual(config);
    expect(events[2]).toMatchObject({ name: 'a b/ü reversed' });
    expect([...(events[2].bytes as Uint8Array)]).toEqual([3, 2, 1]);
    expect(events[4].bytes).toEqual(new Uint8Array(0));
  });

  it('carries a data set of 70 MB', async () => {
    const bytes = new Uint8Array(70_000_000);
    for (let i = 0; i < bytes.length; i += 4099) bytes[i] = i % 251;
    const expected = Uint8Array.from(bytes).reverse();
    const events = await all(runtime.run({ kind: 'echo', config: null, inputs: { bytes } }));
    const file = events.find(({ type }) => type === 'file')!;
    expect(Buffer.compare(file.bytes as Uint8Array, expected)).toBe(0);
  });

  it('asks a job to stop, and takes what it then gives', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const event of runtime.run(
      { kind: 'endless', config: 0, inputs: {} },
      stop.signal,
    )) {
      seen.push(event.type);
      if (seen.length === 3) stop.abort();
    }
    expect(seen.slice(0, 3)).toEqual(['step', 'step', 'step']);
    expect(seen.slice(-2)).toEqual(['file', 'stopped']);
  });

  it('stops a job that was asked to stop before it began', async () => {
    const events = await all(
      runtime.run({ kind: 'endless', config: 0, inputs: {} }, AbortSignal.abort()),
    );
    expect(events.at(-1)).toMatchObject({ type: 'stopped' });
  });

  it('passes errors on with their kind, or with where they happened', async () => {
    const refused = all(runtime.run({ kind: 'refuse', config: 0, inputs: {} }));
    await expect(refused).rejects.toThrowError(FacegradError);
    await expect(refused).rejects.toMatchObject({
      kind: 'bad-input',
      message: 'row 7 has no label',
    });
    const error: Error = await all(runtime.run({ kind: 'stumble', config: 0, inputs: {} })).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error).not.toBeInstanceOf(FacegradError);
    expect(error.stack).toMatch(name === 'chrome' ? /page\.js/ : /fake_jobs/);
    await expect(all(runtime.run({ kind: 'nothing', config: 0, inputs: {} }))).rejects.toThrow(
      'unknown job nothing',
    );
  });

  it('goes on to the next job when one is left half-way', async () => {
    for await (const { type } of runtime.run({ kind: 'endless', config: 0, inputs: {} })) {
      if (type === 'step') break;
    }
    const events = await all(runtime.run({ kind: 'echo', config: 0, inputs: {} }));
    expect(events.at(-1)).toEqual({ type: 'done' });
  });
});

describe('runtime chrome alone', () => {
  it('has a GPU, and ends a job when the page fails outside of it', async () => {
    const runtime = await runtimes.chrome();
    try {
      const events = await all(runtime.run({ kind: 'adapter', config: 0, inputs: {} }));
      expect(events[0].type).toBe('adapter');
      expect(String(events[0].vendor).length).toBeGreaterThan(0);
      const elsewhere = all(runtime.run({ kind: 'elsewhere', config: 0, inputs: {} }));
      await expect(elsewhere).rejects.toThrow('thrown from a timer');
    } finally {
      await runtime.close();
    }
  });
});
