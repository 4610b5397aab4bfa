import { expect } from 'vitest';
import { EXPRESSIONS, type ImageSet } from '../../src/data/dataset';
import { FacegradError } from '../../src/gpu/errors';
import type { FileTree } from '../../src/data/file_tree';

/** A set of 2x2 images, one per list of pixels. */
export function tinySet(images: number[][], labels: number[], name = 'tiny'): ImageSet {
  return {
    name,
    width: 2,
    height: 2,
    count: images.length,
    images: Uint8Array.from(images.flat()),
    labels: Uint8Array.from(labels),
    classes: EXPRESSIONS,
  };
}

/** Files in memory. */
export function memoryTree(
  files: Record<string, Uint8Array | string>,
  name = 'memory',
  folders: string[] = [],
): FileTree {
  const entries = Object.entries(files).map(([path, content]) => ({
    path,
    read: async () => (typeof content === 'string' ? new TextEncoder().encode(content) : content),
  }));
  return { name, files: entries, folders };
}

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Expects a `bad-input` error whose message matches every pattern. */
export async function expectBadInput(
  action: () => unknown,
  ...patterns: (string | RegExp)[]
): Promise<void> {
  let caught: unknown;
  try {
    await action();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(FacegradError);
  const { kind, message } = caught as FacegradError;
  expect(kind).toBe('bad-input');
  for (const pattern of patterns) expect(message).toMatch(pattern);
}
