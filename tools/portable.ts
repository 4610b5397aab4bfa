/**
 * npm run portable [-- --try]: packs a folder, and an archive of it, for a Linux machine with nothing but a GPU's driver: Node,
 * Dawn, the Vulkan loader, and the commands of portable/main.ts in one script with its chunks. `--try` runs it in an
 * empty root with lavapipe.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'vite';
import { FacegradError } from '../src/gpu/errors';
import { kernelTests } from './kernel_tests';
import { ownSystems } from './own_systems';
import { wgsl } from './wgsl_plugin';

const FOLDER = resolve('dist-portable/facegrad');
const ARCHIVE = `${FOLDER}.tar.gz`;
const MOST_BYTES = 64e6;
/** What is loaded by its own file: Dawn, and the decoder of pictures. */
const PACKAGES = ['webgpu', 'sharp', '@img/colour', 'detect-libc', 'semver'];
/** Only Chrome's runtime and reports want these, which load them when they are asked to. */
const NOT_HERE = ['vite', 'puppeteer', '@puppeteer/browsers', 'prettier'];

/** The system's C++ library goes first, if there is one: a driver may need a newer one than ours. */
const LAUNCHER = `#!/bin/sh
here=$(cd "\${0%/*}" && pwd)
export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
"$here/node" --version >/dev/null 2>&1 || LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$here/lib/c++"
exec "$here/node" "$here/script/main.js" "$@"
`;

export async function main(args: string[]): Promise<number> {
  if (process.platform !== 'linux') {
    throw new FacegradError('unsupported', 'the portable folder is for Linux, and packed there');
  }
  await pack();
  execFileSync('tar', ['czf', ARCHIVE, '-C', dirname(FOLDER), basename(FOLDER)]);
  const { size } = statSync(ARCHIVE);
  console.log(`${ARCHIVE}: ${(size / 1e6).toFixed(1)} MB`);
  if (size > MOST_BYTES) {
    throw new FacegradError('limit', `the archive has more than ${MOST_BYTES / 1e6} MB`);
  }
  return args.includes('--try') ? tryOut() : 0;
}

async function pack(): Promise<void> {
  rmSync(dirname(FOLDER), { recursive: true, force: true });
  await build({
    configFile: false,
    logLevel: 'warn',
    plugins: [wgsl(), ownSystems(), kernelTests()],
    define: { 'import.meta.env.VITE_PORTABLE': 'true' },
    ssr: { noExternal: true, external: [...PACKAGES, ...NOT_HERE] },
    build: {
      ssr: 'portable/main.ts',
      outDir: join(FOLDER, 'script'),
      target: 'node20',
      minify: true,
    },
  });
  writeFileSync(join(FOLDER, 'script/package.json'), '{ "type": "module" }\n');
  const modules = join(FOLDER, 'node_modules');
  const system = `linux-${process.arch}`;
  const pictures = [`@img/sharp-${system}`, `@img/sharp-libvips-${system}`];
  for (const name of [...PACKAGES, ...pictures]) {
    const others = /\/dist\/(darwin|win32|linux)-/;
    cpSync(join('node_modules', name), join(modules, name), {
      recursive: true,
      dereference: true,
      filter: (path) => !others.test(path) || path.includes(`/dist/${system}`),
    });
  }
  cpSync(realpathSync(process.execPath), join(FOLDER, 'node'));
  mkdirSync(join(FOLDER, 'lib/c++'), { recursive: true });
  const libraries = librariesOf(process.execPath);
  cpSync(realpathSync(systemLibrary('libvulkan.so.1')), join(FOLDER, 'lib/libvulkan.so.1'));
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    const path = libraries.find((one) => basename(one) === name);
    if (path) cpSync(realpathSync(path), join(FOLDER, 'lib/c++', name));
  }
  cpSync('LICENSE', join(FOLDER, 'LICENSE'));
  cpSync('models/small.safetensors', join(FOLDER, 'models/small.safetensors'));
  writeFileSync(join(FOLDER, 'facegrad'), LAUNCHER);
  chmodSync(join(FOLDER, 'facegrad'), 0o755);
}

/** What a program or library is linked with, by the paths that the loader found. */
function librariesOf(file: string): string[] {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
}

function systemLibrary(name: string): string {
  const listed = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  const path = listed.split('\n').find((line) => line.trim().startsWith(`${name} `));
  if (path) return path.split(' => ')[1];
  throw new FacegradError('unsupported', `${name} is missing (Debian: apt-get install libvulkan1)`);
}

/** Commands that show each part at work, and what they say where it is right. */
const TRIALS: [string[], RegExp][] = [
  [['check-gpu'], /All \d+ cases of \d+ kernels are right/],
  [
    ['train', '--data', 'synthetic', '--preset', 'tiny', '--epochs', '1', '--out', '/run'],
    /weights/,
  ],
  [
    [
      'eval',
      '--data',
      'synthetic',
      '--weights',
      '/run/weights.safetensors',
      '--split',
      'publictest',
    ],
    /%/,
  ],
  [['profile', '--preset', 'tiny', '--batch', '2', '--repeats', '1'], /conv5x5/],
  [['bench', '--help'], /--kernels/],
];

/** Runs the folder in a root that holds a shell, the C library and lavapipe, and nothing else. */
function tryOut(): number {
  const root = mkdtempSync(join(tmpdir(), 'facegrad-root-'));
  const copy = (path: string) => {
    if (!existsSync(join(root, path))) cpSync(realpathSync(path), join(root, path));
  };
  try {
    const icd = '/usr/share/vulkan/icd.d/lvp_icd.json';
    const driver = JSON.parse(readFileSync(icd, 'utf8')).ICD.library_path as string;
    const path = driver.startsWith('/') ? driver : systemLibrary(driver);
    const vips = join(FOLDER, `node_modules/@img/sharp-libvips-linux-${process.arch}/lib`);
    const pictures = readdirSync(vips, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.includes('.so'))
      .map((name) => join(vips, name));
    for (const file of ['/bin/sh', path, process.execPath, ...pictures]) {
      for (const library of librariesOf(file)) {
        if (!library.startsWith(FOLDER)) copy(library);
      }
    }
    for (const file of ['/bin/sh', path, icd]) copy(file);
    for (const folder of ['tmp', 'proc', 'dev', 'run']) mkdirSync(join(root, folder));
    writeFileSync(join(root, 'dev/null'), '');
    execFileSync('tar', ['xzf', ARCHIVE, '-C', root]);
    let failed = 0;
    for (const [args, expected] of TRIALS) {
      const { stdout, stderr, error } = spawnSync('chroot', [root, '/facegrad/facegrad', ...args], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: '/tmp' },
        maxBuffer: 2 ** 26,
      });
      if (error) throw error;
      const good = expected.test(stdout);
      console.log(`${good ? 'right' : 'WRONG'}: facegrad ${args.join(' ')}`);
      if (!good) console.log(`${stdout}\n${stderr}`.slice(-3000));
      if (!good) failed += 1;
    }
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(root, { recursive: true });
  }
}
