import { expect } from 'vitest';
import { EXPRESSIONS, type ImageSet } from '../../src/data/dataset';
import { FacegradError } from '../../src/gpu/errors';
import type { Folder } from '../../src/data/load';

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

/** A folder in memory. */
export function memoryFolder(files: Record<string, Uint8Array | string>): Folder {
  return {
    name: 'memory',
    read: async (file) => {
      const content = files[file];
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
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
