import { existsSync } from 'node:fs';

const LAVAPIPE = [
  '/usr/share/vulkan/icd.d/lvp_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
];

/**
 * The adapter that Dawn finds in Node, as text, or null. Where no Vulkan driver is named and lavapipe
 * is installed, it is chosen: the fastest software adapter, and one that Chrome does not use.
 */
export async function nodeAdapter(): Promise<string | null> {
  if (!process.env.VK_ICD_FILENAMES && !existsSync('/dev/nvidia0')) {
    const icd = LAVAPIPE.find(existsSync);
    if (icd) process.env.VK_ICD_FILENAMES = icd;
  }
  try {
    const { create } = await import('webgpu');
    const gpu = create([]);
    (globalThis as Record<string, unknown>).__dawn = gpu; // collected, it takes the process down
    const info = (await gpu.requestAdapter())?.info;
    return info ? `${info.vendor} ${info.architecture} ${info.description}`.trim() : null;
  } catch {
    return null;
  }
}
