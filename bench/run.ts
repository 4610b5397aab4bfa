import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OutOfTime } from './host/deadline';
import { isRuntime, openRuntime } from './host/open';
import { torchVersion } from './host/python';
import type { BenchRuntime } from './host/runtime';
import type { Facts, Job } from './jobs/job';
import { LIBRARIES } from './jobs/libraries';
import { reportPlot } from './report/plot';
import {
  betweenMarks,
  compareText,
  mergeReports,
  reportMarkdown,
  reportText,
  type Report,
} from './report/report';
import type { BenchResult } from './versus/measure';
import { chooseProblems } from './versus/problems';
import type { Measurement } from './versus/versus';

const HELP = `npm run bench -- [options] [FILE…]

Times training steps, inference and layers against other libraries, interleaved, on the same data.

  --runtime chrome|node  headless Chrome (default), or Node on Dawn
  --only PATTERN         problems whose name matches, for example 'train|infer'; kernel:PATTERN for single kernels of ours
  --full                 everything: all presets, layers and kernels (takes long)
  --kernels fast|direct|plain|both|all   our tuned kernels (default), those without Winograd, the readable ones;
                         both: fast and plain, all: all three
  --peers                also other libraries; installed into bench/peers on first use. In Node also PyTorch on the CPU, where
                         python3 (or PYTHON of the environment) has it
  --libraries PATTERN    only these other libraries, for example 'jax|tfjs webgpu'
  --rounds N             timed batches per problem at most (default 9, at least 3)
  --budget SECONDS       of timing for each problem (default 15)
  --limit SECONDS        per library to get ready or run once before it is given up (default 120)
  --save FILE            writes all results as JSON
  --compare FILE         compares with a saved run, case by case, with the noise
  --plot FILE            writes a plot (SVG)
  --readme               writes the tables of docs/speed.md between its marks
  FILE…                  merges saved runs and reports on them, without running anything
`;

/** Which of ours `--kernels` stands for. */
const OURS: Record<string, string[]> = {
  fast: ['facegrad'],
  direct: ['facegrad direct'],
  plain: ['facegrad plain'],
  both: ['facegrad', 'facegrad plain'],
  all: ['facegrad', 'facegrad direct', 'facegrad plain'],
};

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      runtime: { type: 'string', default: 'chrome' },
      only: { type: 'string', default: '' },
      full: { type: 'boolean', default: false },
      kernels: { type: 'string', default: 'fast' },
      peers: { type: 'boolean', default: false },
      libraries: { type: 'string', default: '' },
      rounds: { type: 'string', default: '9' },
      budget: { type: 'string', default: '15' },
      limit: { type: 'string', default: '120' },
      save: { type: 'string' },
      compare: { type: 'string' },
      plot: { type: 'string' },
      readme: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { runtime, kernels } = values;
  const rounds = Number(values.rounds);
  const budgetMs = Number(values.budget) * 1000;
  const limitMs = Number(values.limit) * 1000;
  const good =
    isRuntime(runtime) &&
    kernels in OURS &&
    Number.isInteger(rounds) &&
    rounds >= 1 &&
    budgetMs > 0 &&
    limitMs > 0;
  if (values.help || !good) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Report;
  let reports: Report[];
  if (positionals.length > 0) {
    const saved = positionals.map(read);
    const runtimes = [...new Set(saved.map((report) => report.runtime))];
    reports = runtimes.map((name) => mergeReports(saved.filter((r) => r.runtime === name)));
  } else {
    if (values.peers) installPeers();
    const choice = { ...values, runtime, rounds, budgetMs, limitMs };
    // A long run that is cut off leaves what it had.
    reports = [await run(choice, (report) => save(values.save, report))];
  }
  for (const report of reports) {
    console.log(`\n${reportText(report)}`);
    if (values.compare) console.log(`\n${compareText(report, read(values.compare))}`);
  }
  const [first] = reports;
  save(values.save, first);
  if (values.plot) writeFileSync(values.plot, reportPlot(first));
  if (values.readme) {
    const readme = path('../docs/speed.md');
    const tables = reports.map(reportMarkdown).join('\n\n');
    const page = betweenMarks(readFileSync(readme, 'utf8'), tables);
    const { format, resolveConfig } = await import('prettier');
    const style = await resolveConfig(readme);
    writeFileSync(readme, await format(page, { ...style, filepath: readme }));
  }
  const found = reports.some((r) => r.measurements.length + r.kernels.length > 0);
  if (!found) console.error(`nothing matches '${values.only}'`);
  return found ? 0 : 1;
}

function save(file: string | undefined, report: Report): void {
  if (file) writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
}

interface Choice {
  runtime: Report['runtime'];
  only: string;
  full: boolean;
  kernels: string;
  peers: boolean;
  libraries: string;
  rounds: number;
  budgetMs: number;
  limitMs: number;
}

async function run(choice: Choice, onPart: (report: Report) => void): Promise<Report> {
  const { only, full, rounds, budgetMs, limitMs } = choice;
  const native = choice.peers && choice.runtime === 'node';
  const torch = native ? torchVersion() : undefined;
  const libraries = chooseLibraries(choice, torch !== undefined);
  const single = only.startsWith('kernel:') ? only.slice('kernel:'.length) : undefined;
  const problems = single === undefined ? chooseProblems(only, full) : [];
  const onProgress = (text: string) => console.error(`${clock()} ${text}`);
  const runtime = await openRuntime(choice.runtime, onProgress);
  try {
    const facts = (await runtime.ask({ kind: 'facts' })) as Facts;
    const report: Report = {
      date: new Date().toISOString(),
      commit: commit(),
      runtime: choice.runtime,
      where: {
        ...(await runtime.where()),
        ...(native && { pytorch: torch ?? 'no PyTorch: python3 has none' }),
      },
      cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
      facts,
      measurements: [],
      kernels: [],
    };
    let layers = false;
    for (const { name } of problems) {
      const job = { kind: 'problem' as const, name, libraries, rounds, leastRounds: 3, budgetMs };
      // Whole networks begin with nothing compiled; layers share a browser, which takes long to start.
      const model = /^(train|infer|step) /.test(name);
      const fresh = model || !layers;
      layers = !model;
      const measured = await contest(runtime, job, { fresh, limitMs });
      report.measurements.push(...measured);
      for (const { library, ms } of measured) {
        if (ms) onProgress(`  ${library} ${ms.median.toPrecision(3)} ms`);
      }
      onPart(report);
    }
    if (single !== undefined || (full && !only)) {
      const job = { kind: 'kernels' as const, pattern: single ?? '', repeats: 20 };
      report.kernels.push(...((await runtime.ask(job, { fresh: true })) as BenchResult[]));
    }
    return report;
  } finally {
    await runtime.close();
  }
}

/** Puts a problem to libraries; those that take too long are given up, and the others begin anew. */
async function contest(
  runtime: BenchRuntime,
  job: Extract<Job, { kind: 'problem' }>,
  options: { fresh: boolean; limitMs: number },
): Promise<Measurement[]> {
  try {
    return (await runtime.ask(job, options)) as Measurement[];
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
    const { library, message: refused } = error;
    const late: Measurement = { problem: job.name, library, refused };
    console.error(`${clock()}   ${library} ${refused}`);
    const libraries = job.libraries.filter((name) => name !== library);
    if (libraries.length === 0) return [late];
    return [...(await contest(runtime, { ...job, libraries }, options)), late];
  }
}

/** Ours first: the others' numbers are compared with it. */
function chooseLibraries(choice: Choice, hasTorch: boolean): string[] {
  const { kernels, peers, libraries, runtime } = choice;
  const runs = (name: string) => {
    if (name.startsWith('facegrad')) return false;
    if (name === 'pytorch cpu') return hasTorch;
    // In Node only TensorFlow.js finds its way to a GPU.
    return runtime === 'chrome' || name === 'tfjs webgpu';
  };
  const pattern = new RegExp(libraries, 'i');
  const others = Object.keys(LIBRARIES).filter((name) => runs(name) && pattern.test(name));
  return [...OURS[kernels], ...(peers ? others : [])];
}

/** `npm ci` in bench/peers, which nothing but this does. */
function installPeers(): void {
  if (existsSync(path('peers/node_modules/@tensorflow/tfjs'))) return;
  console.error('Installing the other libraries into bench/peers (npm ci, about 100 MB) …');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, {
    cwd: path('peers'),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error('they could not be installed; run `npm ci --ignore-scripts` in bench/peers');
  }
}

const clock = () => new Date().toTimeString().slice(0, 8);

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}
