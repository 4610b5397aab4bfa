import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { adapterName } from '../src/gpu/device';
import { apt, canUseApt, hasHardwareGpu } from './chrome';

/** Where Mesa puts its software driver, lavapipe: the second name is that of versions before 24. */
const LAVAPIPE = [
  '/usr/share/vulkan/icd.d/lvp_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
  '/usr/share/vulkan/icd.d/lvp_icd.aarch64.json',
];
/** Older versions of lavapipe are several times slower, and lack subgroups. */
const OLDEST_MESA = 24;

/**
 * Where there is no GPU, has Vulkan use lavapipe, if that is installed: the fastest software adapter,
 * and one that Chrome does not use. A GPU, and a driver that is named already, are left alone.
 */
export function chooseNodeAdapter(): void {
  if (process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES || hasHardwareGpu()) return;
  const driver = LAVAPIPE.find(existsSync);
  if (driver) process.env.VK_ICD_FILENAMES = driver;
}

/** The adapter that Dawn finds in Node, as text, or null. */
export async function nodeAdapter(): Promise<string | null> {
  chooseNodeAdapter();
  try {
    const { create } = await import('webgpu');
    const gpu = create([]);
    (globalThis as Record<string, unknown>).__dawn = gpu; // collected, it takes the process down
    const info = (await gpu.requestAdapter())?.info;
    return info ? adapterName(info) : null;
  } catch {
    return null;
  }
}

/** Whether Node has one, as an exit code. */
export const main = async (): Promise<number> => ((await nodeAdapter()) ? 0 : 1);

/**
 * For CI: installs lavapipe where there is neither a GPU nor a usable version of it. Debian 12 has
 * only Mesa 22, so that its backports are used there.
 * @throws when this machine's packages cannot be installed from here
 */
export function installLavapipe(log: (line: string) => void = console.error): void {
  if (hasHardwareGpu() || mesaVersion() >= OLDEST_MESA) return;
  if (!canUseApt()) {
    throw new Error(
      'no GPU and no lavapipe found: install the package mesa-vulkan-drivers (Mesa 24 or newer)',
    );
  }
  log('Installing lavapipe, the software Vulkan driver (apt-get) …');
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const backports = /^ID=debian$/m.test(release) && /^VERSION_CODENAME=bookworm$/m.test(release);
  if (backports && !hasSource('bookworm-backports')) {
    writeFileSync(
      '/etc/apt/sources.list.d/bookworm-backports.list',
      'deb http://deb.debian.org/debian bookworm-backports main\n',
    );
  }
  apt(['update']);
  apt([
    ...['install', '-y', '--no-install-recommends'],
    ...(backports ? ['-t', 'bookworm-backports'] : []),
    ...['mesa-vulkan-drivers', 'libvulkan1'],
  ]);
}

/** The major version of the installed mesa-vulkan-drivers, 0 without. */
function mesaVersion(): number {
  if (!LAVAPIPE.some(existsSync)) return 0;
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Version}', 'mesa-vulkan-drivers'], {
    encoding: 'utf8',
  });
  return parseInt(stdout ?? '', 10) || 0;
}

/** Whether apt already knows a suite. */
function hasSource(suite: string): boolean {
  const { status } = spawnSync('grep', [
    '-rqs',
    suite,
    '/etc/apt/sources.list',
    '/etc/apt/sources.list.d',
  ]);
  return status === 0;
}
