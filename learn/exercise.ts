import type { WgslModule } from '../src/gpu/wgsl';
import type { Dispatch } from './dispatch';
import { plant } from './fault';
import type { FindingKind } from './machine';

/** What can be wrong with an answer. */
export type Kind = FindingKind | 'value' | 'cost';

/** A file, the dispatches that an answer has to get right, and what it may cost. */
export interface Trial {
  shader: WgslModule;
  /** The small dispatch that is drawn, stepped through and counted. */
  shown: Dispatch;
  /** Others that an answer has to get right. */
  hidden: readonly Dispatch[];
  /** |answer - reference| <= absolute + relative * |reference|. */
  tolerance?: { absolute: number; relative: number };
  /** Most reads of storage and segments touched for every number of the answer, in the shown dispatch. */
  most?: { reads?: number; segments?: number };
  /** A dispatch that is large enough to be timed. */
  timed?: () => Dispatch;
}

/**
 * A file with something wrong or missing in it, for the reader to put right. The file itself is the solution, so the two
 * cannot drift apart.
 */
export interface Exercise extends Trial {
  /** Unique in its lesson; links and progress go by it. */
  id: string;
  title: string;
  /** What to do, where the page's own text does not say it. */
  task?: string;
  /** What is planted: pairs of text in the file and what stands there instead. */
  faults: readonly (readonly [find: string, put: string])[];
  /** What a check says of the starter, exactly. */
  fails: readonly Kind[];
  hints: readonly string[];
}

/** A version of a kernel, and what it does otherwise than the one before. */
export interface Rung extends Trial {
  title: string;
  change: string;
  /** The smallest subgroup that it is right with, where it uses them. */
  lanes?: number;
  /** All rungs of a ladder are timed with the same numbers. */
  timed: () => Dispatch;
}

/** One kernel, written several times. */
export interface Ladder {
  title: string;
  /** What is counted, and what is timed. */
  text: string;
  rungs: readonly Rung[];
}

/** What a lesson or a kernel's page has besides its prose. */
export interface Lesson {
  exercises: readonly Exercise[];
  ladder?: Ladder;
}

export function starter({ shader, faults }: Exercise): string {
  return faults.reduce(
    (code, [find, put]) => plant({ file: shader.path, find, put }, code),
    shader.code,
  );
}
