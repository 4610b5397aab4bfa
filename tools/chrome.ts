import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The oldest Chrome whose WebGPU the kernels were written for. */
const OLDEST_CHROME = 128;
/** A download that brings no byte for so long is given up. */
const STALL_MS = 20_000;

/**
 * The Chrome to run: CHROME_PATH, else Puppeteer's, else the system's, else one that is installed
 * now. Throws an error that says what to do.
 */
export async function findChrome(log: (line: string) => void = console.error): Promise<string> {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROME_PATH is ${named}, which does not exist`);
  }
  for (const path of await usualPlaces()) {
    if (existsSync(path) && (await runs(path))) return path;
  }
  return installChrome(log);
}

/** Puppeteer's own Chrome, then the places where Chrome's installers and package managers put it. */
async function usualPlaces(): Promise<string[]> {
  const places: string[] = [];
  try {
    const { default: puppeteer } = await import('puppeteer');
    places.push(puppeteer.executablePath());
  } catch {
    // a platform that Puppeteer has no Chrome for
  }
  if (process.platform === 'darwin') {
    for (const app of ['Google Chrome', 'Chromium', 'Microsoft Edge']) {
      for (const folder of ['/Applications', join(homedir(), 'Applications')]) {
        places.push(`${folder}/${app}.app/Contents/MacOS/${app}`);
      }
    }
  } else if (process.platform === 'win32') {
    const { LOCALAPPDATA, PROGRAMFILES, 'PROGRAMFILES(X86)': x86 } = process.env;
    for (const folder of [PROGRAMFILES, x86, LOCALAPPDATA]) {
      if (!folder) continue;
      places.push(join(folder, 'Google\\Chrome\\Application\\chrome.exe'));
      places.push(join(folder, 'Microsoft\\Edge\\Application\\msedge.exe'));
    }
  } else {
    const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
    for (const name of [
      'google-chrome-stable',
      'google-chrome',
      'chromium',
      'chromium-browser',
      'microsoft-edge',
    ]) {
      places.push(...folders.map((folder) => join(folder, name)));
    }
  }
  return places;
}

/**
 * Whether a Chrome starts and is new enough. On Linux a downloaded one may lack shared libraries,
 * and Ubuntu's `chromium-browser` may be a stub; elsewhere `--version` would open a window.
 */
async function runs(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const text = await new Promise<string>((resolve) => {
    execFile(path, ['--version'], { timeout: 20_000 }, (error, out) => resolve(error ? '' : out));
  });
  return Number(/ (\d+)\./.exec(text)?.[1] ?? 0) >= OLDEST_CHROME;
}

/** Puppeteer's installer; where that gets nothing and we may, the distribution's Chromium. */
async function installChrome(log: (line: string) => void): Promise<string> {
  log('No Chrome found: installing one for Puppeteer …');
  const reasons: string[] = [];
  try {
    const path = await download(log);
    if (await runs(path)) return path;
    if (canUseApt()) {
      log('Chrome lacks shared libraries: installing them (apt-get) …');
      apt(['update']);
      await download(log, true);
      if (await runs(path)) return path;
    }
    reasons.push(`${path} does not start: shared libraries are missing (ldd ${path})`);
  } catch (error) {
    reasons.push(`the download failed: ${(error as Error).message}`);
  }
  if (canUseApt()) {
    log(`${reasons.at(-1)}. Installing the package chromium instead (apt-get) …`);
    try {
      apt(['update']);
      apt(['install', '-y', '--no-install-recommends', 'chromium']);
      const path = '/usr/bin/chromium';
      if (existsSync(path) && (await runs(path))) return path;
      reasons.push('the chromium package did not provide a Chrome that starts');
    } catch (error) {
      reasons.push(`apt-get failed: ${(error as Error).message}`);
    }
  }
  throw new Error(
    [
      `no Chrome was found, and none could be installed (${reasons.join('; ')}).`,
      `Install Google Chrome or Chromium ${OLDEST_CHROME} or newer (Debian: sudo apt-get install chromium),`,
      'or set CHROME_PATH to its executable.',
      'Where Node finds a GPU, the commands also run without a browser: add --runtime node.',
    ].join('\n'),
  );
}

async function download(log: (line: string) => void, installDeps = false): Promise<string> {
  const { default: puppeteer } = await import('puppeteer');
  const { Browser, install } = await import('@puppeteer/browsers');
  // Puppeteer says by this path alone which build it wants, and where.
  const place = puppeteer.executablePath();
  const [, cacheDir, buildId] = /^(.*)[\\/]chrome[\\/][^\\/]+-([\d.]+)[\\/]/.exec(place) ?? [];
  if (!buildId) throw new Error(`Puppeteer keeps Chrome elsewhere, in ${place}`);
  let heard = Date.now();
  let percent = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (Date.now() - heard > STALL_MS) reject(new Error('no answer'));
    }, 1000);
  });
  try {
    const installed = install({
      browser: Browser.CHROME,
      buildId,
      cacheDir,
      installDeps,
      downloadProgressCallback: (bytes, total) => {
        heard = Date.now();
        const now = Math.floor((bytes / total) * 4) * 25;
        if (now > percent) log(`  ${(percent = now)} % of ${Math.round(total / 2 ** 20)} MiB`);
        // Unpacking reports nothing, and is no stall.
        if (bytes >= total) clearInterval(timer);
      },
    });
    return (await Promise.race([installed, stalled])).executablePath;
  } finally {
    clearInterval(timer);
  }
}

/** Whether packages can be installed without asking: root on Debian or Ubuntu. */
export function canUseApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Runs apt-get; throws with the end of its messages. */
export function apt(args: string[]): void {
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) {
    throw new Error(`apt-get ${args.join(' ')}: ${(stderr || stdout || '').trim().slice(-500)}`);
  }
}

/**
 * Whether this machine shows a GPU that Chrome and Dawn can use; then nothing forces a software
 * adapter. FACEGRAD_SOFTWARE_GPU=1 says no: for tests, and where a GPU has no driver.
 */
export function hasHardwareGpu(): boolean {
  if (process.env.FACEGRAD_SOFTWARE_GPU) return false;
  if (process.platform !== 'linux') return true;
  try {
    return execFileSync('sh', ['-c', 'ls /dev/dri/renderD* /dev/nvidia0 2>/dev/null']).length > 0;
  } catch (error) {
    // `ls` fails when one of the two is missing, and prints the other.
    return ((error as { stdout?: Buffer }).stdout?.length ?? 0) > 0;
  }
}

/**
 * SwiftShader compiles a store for every word of workgroup memory, a millisecond each, where Dawn leaves it to the driver to
 * begin with zeros; this has the shader do it, in a loop.
 */
const ZEROS_BY_LOOP =
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension';

/**
 * Switches for a headless Chrome with WebGPU: the machine's GPU where there is one, else SwiftShader.
 * @param options.asVisitors compiles as their Chrome does, for times that are to hold for them
 */
export function chromeFlags({ presents = false, asVisitors = false } = {}): string[] {
  const flags = [
    '--enable-unsafe-webgpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--no-first-run',
  ];
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  if (hasHardwareGpu()) {
    if (process.platform === 'linux') flags.push('--enable-features=Vulkan');
  } else {
    flags.push('--use-webgpu-adapter=swiftshader');
    if (!asVisitors) flags.push(ZEROS_BY_LOOP);
    if (presents) {
      flags.push('--enable-features=Vulkan', '--use-vulkan=swiftshader', '--use-angle=swiftshader');
    }
  }
  return flags;
}
