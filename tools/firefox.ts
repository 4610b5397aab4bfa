import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import puppeteer, { type Browser } from 'puppeteer';
import { apt, canUseApt, hasHardwareGpu } from './chrome';
import { chooseNodeAdapter } from './node_adapter';

const PLACES = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** WebGPU on, also on Linux, where Firefox has it switched off still; a camera that is none. */
const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'webgl.force-enabled': true,
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
};

/**
 * The Firefox to run: FIREFOX_PATH, else the system's, else one that is installed now.
 * @throws with what to do where there is none
 */
export function findFirefox(log: (line: string) => void = console.error): string {
  const named = process.env.FIREFOX_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`FIREFOX_PATH is ${named}, and there is no such file`);
  }
  const found = PLACES.find(existsSync);
  if (found) return found;
  install('firefox-esr', log);
  return PLACES[0];
}

function install(name: string, log: (line: string) => void): void {
  if (!canUseApt()) {
    throw new Error(`${name} is missing: install it (Debian: sudo apt-get install ${name})`);
  }
  log(`Installing ${name} (apt-get) …`);
  apt(['update']);
  apt(['install', '-y', '--no-install-recommends', name]);
}

/** Installs a display that nobody sees: Firefox has WebGL, which MediaPipe wants, on a display only. */
export function findDisplay(log: (line: string) => void = console.error): void {
  if (process.env.DISPLAY || existsSync('/usr/bin/Xvfb')) return;
  install('xvfb', log);
}

/** Starts Firefox, on the driver that Node's tests take. @param display whether it needs WebGL */
export async function launchFirefox({
  display = false,
  preferences = {},
}: { display?: boolean; preferences?: Record<string, unknown> } = {}): Promise<Browser> {
  chooseNodeAdapter();
  const own = display && !process.env.DISPLAY ? await startDisplay() : undefined;
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: findFirefox(),
    headless: !display,
    protocolTimeout: 900_000,
    extraPrefsFirefox: { ...PREFERENCES, ...preferences },
    env: {
      ...process.env,
      ...(own && { DISPLAY: own.name }),
      ...(!hasHardwareGpu() && { LIBGL_ALWAYS_SOFTWARE: '1' }),
      VK_DRIVER_FILES: process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES,
    },
  });
  if (own) browser.process()?.once('exit', () => own.process.kill());
  return browser;
}

/** An X server with a number of its own choice, which it writes when it is ready. */
async function startDisplay(): Promise<{ process: ChildProcess; name: string }> {
  const screen = ['-screen', '0', '1280x1024x24'];
  const server = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', ...screen], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    server.stdio[3]!.once('data', (text: Buffer) => resolve(text.toString().trim()));
  });
  return { process: server, name: `:${number}` };
}

export const firefoxVersion = (): string =>
  spawnSync(findFirefox(), ['--version'], { encoding: 'utf8' }).stdout.trim();
