import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const SYSTEM = [
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
];

/** The Chrome to run: CHROME_PATH, else the system's. */
export async function findChrome(): Promise<string> {
  const path = process.env.CHROME_PATH ?? SYSTEM.find(existsSync);
  if (!path) throw new Error('no Chrome found; set CHROME_PATH');
  return path;
}

/** Whether this machine shows a GPU that Chrome can use; then none of the software switches is set. */
export function hasHardwareGpu(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return execFileSync('sh', ['-c', 'ls /dev/dri/renderD* /dev/nvidia0 2>/dev/null']).length > 0;
  } catch {
    return false;
  }
}

/** Switches for a headless Chrome with WebGPU: the machine's GPU where there is one, else SwiftShader. */
export function chromeFlags({ presents = false } = {}): string[] {
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
    if (presents) {
      flags.push('--enable-features=Vulkan', '--use-vulkan=swiftshader', '--use-angle=swiftshader');
    }
  }
  return flags;
}
