/**
 * `npm run check:package`: packs what would be published, installs it into an empty Node project and an
 * empty Vite project, has every program of README and docs type-checked there by both compilers, and
 * README's built and run. Offline: the packages it depends on are linked from this checkout.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import puppeteer from 'puppeteer';
import { build, preview } from 'vite';
import { chromeFlags, findChrome } from './chrome';
import { nodeAdapter } from './node_adapter';
import { snippets, type Snippet } from './snippets';

const root = fileURLToPath(new URL('../', import.meta.url));
/** Bytes of the page that uses one operation, zipped. */
const MOST_BYTES = 40_000;
/** TypeScript 5 gets WebGPU's types with the package, 7 has them in its library of the DOM. */
const COMPILERS = { 'TypeScript 5': 'typescript', 'TypeScript 7': 'typescript-7' };
/** What the programs of the docs need beside the package. */
const OF_SNIPPETS = ['@types/node', 'undici-types', 'sharp'];
/** As strict as it goes, the declarations of all packages included; JavaScript has no types of parameters. */
const CHECKED = { noEmit: true, allowJs: true, checkJs: true, noImplicitAny: false };
/** How a program in Node and one that is bundled for a page find their modules. */
const RESOLUTIONS = {
  'in Node': { module: 'nodenext', lib: ['es2023', 'dom'], types: ['node'] },
  'in a page': {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'dom'],
    types: [],
  },
};

export async function main(argv: string[]): Promise<number> {
  const node = (args: string[], cwd: string) =>
    execFileSync(process.execPath, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const script = (name: string) => join(root, 'node_modules', name);
  if (!argv.includes('--built')) {
    console.log('building');
    node(
      [script('vite/bin/vite.js'), 'build', '--configLoader', 'runner', '--logLevel', 'error'],
      root,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'facegrad-package-'));
  const failures: string[] = [];
  const check = (what: string, problems: unknown[]) => {
    console.log(`${problems.length ? 'FAILED' : 'ok    '} ${what}`);
    for (const problem of problems) {
      console.log(`       ${typeof problem === 'string' ? problem : JSON.stringify(problem)}`);
      failures.push(what);
    }
  };
  try {
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'ignore'],
      shell: process.platform === 'win32',
    });
    const tarball = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
    );
    const installed = install(folder, tarball);

    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true });
    check('publint', messages);
    const types = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
    const wrong = types.types
      ? types.problems.map((problem) => ({ ...problem, trace: undefined }))
      : ['there are no types'];
    check('are the types wrong', wrong);

    const programs = snippets(root);
    const project = (name: string, files: Snippet[], compilerOptions: object) => {
      const at = join(folder, name);
      mkdirSync(at);
      writeFileSync(join(at, 'package.json'), '{"type": "module", "private": true}');
      for (const file of files) writeFileSync(join(at, file.name), file.code);
      const options = { strict: true, target: 'es2022', ...compilerOptions };
      const names = files.map((file) => file.name);
      writeFileSync(
        join(at, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: options, files: names }),
      );
      return at;
    };
    const compile = (compiler: string, at: string): string[] => {
      try {
        node([script(`${compiler}/bin/tsc`), '-p', '.'], at);
        return [];
      } catch (error) {
        return String((error as { stdout?: string }).stdout ?? error).split('\n');
      }
    };
    for (const [where, resolution] of Object.entries(RESOLUTIONS)) {
      const fit = programs.filter(
        ({ code }) => where === 'in Node' || !/from '(node:|sharp)/.test(code),
      );
      const all = project(where, fit, { ...resolution, ...CHECKED });
      for (const [name, compiler] of Object.entries(COMPILERS)) {
        check(`${fit.length} programs of the docs ${where}, ${name}`, compile(compiler, all));
      }
    }

    const [page, training] = programs
      .filter(({ name }) => name.startsWith('README'))
      .map(({ code }) => ({ name: 'main.ts', code }));
    const inNode = project('node', [training], RESOLUTIONS['in Node']);
    check("README's training compiles", compile('typescript', inNode));
    const adapter = await nodeAdapter();
    if (adapter) check(`README's training runs in Node (${adapter})`, run(node, inNode));
    else console.log("--     README's training: Node has no adapter here");

    const inPage = project('page', [page], RESOLUTIONS['in a page']);
    writeFileSync(join(inPage, 'index.html'), '<script type="module" src="./main.ts"></script>');
    await build({
      root: inPage,
      configFile: false,
      logLevel: 'error',
      build: { target: 'esnext', modulePreload: false },
    });
    check("README's page runs in Chrome", await runPage(inPage, '4: 0,2,0,4'));
    const assets = join(inPage, 'dist', 'assets');
    const code = readdirSync(assets).map((name) => readFileSync(join(assets, name)));
    const bytes = code.reduce((sum, file) => sum + gzipSync(file).length, 0);
    const size = `one operation in a page: ${(bytes / 1000).toFixed(1)} kB gzip in ${code.length} file`;
    check(
      size,
      bytes < MOST_BYTES && code.length === 1 ? [] : [`expected one of ${MOST_BYTES} bytes`],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return failures.length === 0 ? 0 : 1;
}

/** Unpacks the tarball where npm would, beside links to what it depends on. */
function install(folder: string, tarball: string): string {
  const modules = join(folder, 'node_modules');
  const at = join(modules, 'facegrad');
  mkdirSync(at, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', at, '--strip-components=1']);
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(at, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const names = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
  for (const name of [...names, ...OF_SNIPPETS]) {
    const place = join(modules, name);
    mkdirSync(dirname(place), { recursive: true });
    if (name.startsWith('@')) cpSync(join(root, 'node_modules', name), place, { recursive: true });
    else symlinkSync(join(root, 'node_modules', name), place, 'junction');
  }
  return at;
}

/** Serves the built page and waits for what it writes. */
async function runPage(root: string, wanted: string): Promise<string[]> {
  const server = await preview({
    root,
    configFile: false,
    logLevel: 'error',
    preview: { port: 0 },
  });
  const browser = await puppeteer.launch({
    executablePath: await findChrome(),
    args: chromeFlags(),
    headless: true,
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(server.resolvedUrls!.local[0]);
    for (let tries = 0; tries < 120; tries++) {
      const text = await page.$eval('body', (body) => body.textContent);
      if (text === wanted) return [];
      if (errors.length > 0) return errors;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return [`the page does not show '${wanted}'`];
  } finally {
    await browser.close();
    await server.close();
  }
}

function run(node: (args: string[], cwd: string) => string, at: string): string[] {
  try {
    // Dawn's threads may keep the process: the snippet is imported, then left.
    const code = "await import('./main.js'); process.exit(0)";
    const output = node(['--input-type=module', '-e', code], at);
    return /^2 \d/m.test(output) ? [] : [`it printed '${output}'`];
  } catch (error) {
    return [String(error)];
  }
}
