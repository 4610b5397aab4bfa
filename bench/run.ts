import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AdapterDescription } from '../src/gpu/device';
import { requestNodeGpu } from '../src/gpu/node';
import { chromeFlags, findChrome } from '../tools/chrome';
import { nodeAdapter } from '../tools/node_adapter';
import { wgsl } from '../tools/wgsl_plugin';
import { benchCases } from './cases';
import { measure, type BenchResult } from './measure';
import { paperStepDispatches } from './training_step';

const HELP = `npm run bench -- [options]: times every kernel of bench/kernels

  --runtime node|chrome  where the GPU is used: Node (Dawn) or headless Chrome (default chrome)
  --filter TEXT          only kernels and cases whose name contains TEXT
  --repeats N            timed batches a case, after the warm-up; 10 or more (default 20)
  --json FILE            also write everything to FILE
`;

interface RunOptions {
  filter: string;
  repeats: number;
}

/** What a run was taken on. */
interface RunFacts {
  adapter: AdapterDescription;
  /** Lanes in a subgroup where the adapter fixes one size, else 0. */
  subgroupSize: number;
  step: ReturnType<typeof paperStepDispatches>;
}

/** What bench/page.ts and this file put on the page's `window`. */
export interface BenchPage {
  facegradBench(options: RunOptions): Promise<RunFacts>;
  facegradBenchResult(result: BenchResult): void;
  /** CPU time of Chrome's GPU process in ms; 0 where the system does not tell. */
  facegradCpuTime(): Promise<number>;
}

export async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      runtime: { type: 'string', default: 'chrome' },
      filter: { type: 'string', default: '' },
      repeats: { type: 'string', default: '20' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const repeats = Number(values.repeats);
  const runtime = values.runtime;
  if (values.help || !Number.isInteger(repeats) || repeats < 10) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  if (runtime !== 'node' && runtime !== 'chrome') {
    console.log(HELP);
    return 2;
  }

  const results: BenchResult[] = [];
  console.log(row(HEADINGS));
  const onResult = (result: BenchResult) => {
    results.push(result);
    console.log(row(cells(result)));
  };
  const run = runtime === 'node' ? runInNode : runInChrome;
  const { facts, where } = await run({ filter: values.filter, repeats }, onResult);
  if (results.length === 0) console.log(`no case matches '${values.filter}'`);

  const { adapter, subgroupSize, step } = facts;
  console.log(
    [
      '',
      `${adapter.vendor} ${adapter.architecture} ${adapter.description}`.trim() +
        `, subgroups of ${subgroupSize || 'no fixed size'}${adapter.fallback ? ', fallback' : ''}`,
      ...Object.entries(where).map(([fact, value]) => `${fact}: ${value}`),
      `a training step of the preset paper: ${step.total} dispatches`,
    ].join('\n'),
  );
  if (values.json) {
    const report = {
      date: new Date().toISOString(),
      commit: commit(),
      runtime,
      ...where,
      cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
      adapter,
      subgroupSize,
      dispatchesPerStep: { preset: 'paper', ...step },
      results,
    };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return results.length > 0 ? 0 : 1;
}

interface Run {
  facts: RunFacts;
  where: Record<string, string>;
}

async function runInNode(
  { filter, repeats }: RunOptions,
  onResult: (result: BenchResult) => void,
): Promise<Run> {
  await nodeAdapter(); // takes lavapipe where no driver is named
  const gpu = await requestNodeGpu();
  const cpuTime = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  };
  await measure(gpu, await benchCases(filter), { repeats, cpuTime, onResult });
  const { adapter, capabilities } = gpu;
  const step = paperStepDispatches(gpu);
  gpu.dispose();
  return {
    facts: { adapter, subgroupSize: capabilities.subgroupSize, step },
    where: { node: process.version, dawn: 'npm package webgpu' },
  };
}

async function runInChrome(
  options: RunOptions,
  onResult: (result: BenchResult) => void,
): Promise<Run> {
  const { createServer } = await import('vite');
  const { launch } = await import('puppeteer');
  const server = await createServer({
    root: fileURLToPath(new URL('..', import.meta.url)),
    configFile: false,
    plugins: [wgsl()],
    logLevel: 'error',
    // A file saved elsewhere must not reload the page in the middle of a run.
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
  });
  const flags = chromeFlags();
  const browser = await launch({
    executablePath: await findChrome(),
    args: flags,
    headless: true,
    protocolTimeout: 0,
  });
  try {
    await server.listen();
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.exposeFunction('facegradBenchResult', onResult);
    const pid = browser.process()?.pid;
    await page.exposeFunction('facegradCpuTime', () => gpuProcessTime(pid));
    await page.goto(new URL('bench/page.html', server.resolvedUrls!.local[0]).href);
    await page.waitForFunction(() => document.title === 'ready');
    const facts = await page.evaluate(
      (given) => (window as unknown as BenchPage).facegradBench(given),
      options,
    );
    return { facts, where: { browser: await browser.version(), flags: flags.join(' ') } };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** CPU time of all threads of the GPU process that descends from the browser `pid`, in ms (Linux). */
function gpuProcessTime(browser: number | undefined): number {
  const parentOf = (pid: string) =>
    /^PPid:\s*(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? '0';
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (!readText(`/proc/${pid}/cmdline`).includes('--type=gpu-process')) continue;
      let ancestor = parentOf(pid); // Chrome's zygotes stand between
      while (Number(ancestor) > 1 && Number(ancestor) !== browser) ancestor = parentOf(ancestor);
      if (Number(ancestor) !== browser) continue;
      return readdirSync(`/proc/${pid}/task`)
        .map((task) => Number(readText(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6)
        .reduce((sum, ms) => sum + ms, 0);
    }
  } catch {
    // Not Linux: the table has no CPU times.
  }
  return 0;
}

/** A file of /proc; empty when its process has just ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const HEADINGS = [
  'kernel',
  'case',
  'ms',
  'spread',
  'GFLOP/s',
  'GB/s',
  'CPU ms',
  'per core',
  'clock',
];
const WIDTHS = [40, 30, 10, 18, 9, 8, 9, 9, 9];

const row = (texts: string[]) =>
  texts.map((text, i) => (i < 2 ? text.padEnd(WIDTHS[i]) : text.padStart(WIDTHS[i]))).join(' ');

function cells(result: BenchResult): string[] {
  const { kernel, name, ms, gflops, gbytesPerSecond, cpuMs, gflopsPerCore, method } = result;
  const digits = (value: number) => value.toPrecision(3);
  return [
    kernel,
    name,
    digits(ms.median),
    `${digits(ms.quartiles[0])}..${digits(ms.quartiles[1])}`,
    gflops === null ? '-' : gflops.toFixed(1),
    gbytesPerSecond.toFixed(1),
    cpuMs ? digits(cpuMs.median) : '-',
    gflopsPerCore === undefined ? '-' : gflopsPerCore.toFixed(1),
    method,
  ];
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}
