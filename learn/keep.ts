import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import type { Move } from './debug';
import { fromLink, toLink } from './link';

/** What the browser keeps of the lessons: texts that were changed, by exercise, and what was solved. */
export interface Kept {
  texts: Record<string, string>;
  solved: Record<string, boolean>;
}

const KEY = 'facegrad-lessons';

export function kept(): Kept {
  try {
    return { texts: {}, solved: {}, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return { texts: {}, solved: {} };
  }
}

/** What a file holds, or null where it is no such file. */
export function readKept(json: string): Kept | null {
  const all = (value: unknown, type: string) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((each) => typeof each === type);
  try {
    const { texts, solved } = JSON.parse(json);
    return all(texts, 'string') && all(solved, 'boolean') ? { texts, solved } : null;
  } catch {
    return null;
  }
}

/** Changes what is kept; a browser that keeps nothing forgets it with the page. */
export function keep(change: (kept: Kept) => void): void {
  const all = kept();
  change(all);
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // as it says above
  }
}

/** An exercise as it stands: what a link carries. */
export interface Shared {
  exercise: string;
  text?: string;
  moves: readonly Move[];
  thread: number;
}

const LONGEST = 8192;

/** The part after `#`, or null where it would be too long for a link. */
export function toHash(shared: Shared): string | null {
  const text = toLink(deflateSync(strToU8(JSON.stringify(shared))));
  return text.length > LONGEST ? null : `#${text}`;
}

export function fromHash(hash: string): Shared | null {
  if (hash.length < 12 || hash.length > LONGEST) return null;
  try {
    const shared = JSON.parse(strFromU8(inflateSync(fromLink(hash.slice(1))))) as Shared;
    return typeof shared.exercise === 'string' && Array.isArray(shared.moves) ? shared : null;
  } catch {
    return null; // an anchor, or a link that was cut
  }
}
