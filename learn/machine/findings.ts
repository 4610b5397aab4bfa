import type { Thread } from './thread';

export type FindingKind = 'race' | 'bounds' | 'unwritten' | 'divergence' | 'endless';

/** A fault that a run shows, the first of its kind at its lines. */
export interface Finding {
  kind: FindingKind;
  line: number;
  /** local_invocation_index, and index of the workgroup. */
  thread: number;
  group: number;
  /** Name of the variable, and the word or element in it. */
  memory?: string;
  at?: number;
  /** The other thread of a race, of this workgroup or of an earlier one, and its line. */
  other?: { thread: number | 'several'; line: number; sameGroup: boolean; wrote: boolean };
  wrote?: boolean;
}

/** Collects what a run finds, each once. */
export class Findings {
  list: Finding[] = [];
  #seen = new Set<string>();
  /** `lines[pc]` is the line of an operation. */
  constructor(readonly lines: readonly number[]) {}

  clear(): void {
    this.list = [];
    this.#seen.clear();
  }

  lineOf(pc: number): number {
    return this.lines[pc] ?? 0;
  }

  /** The thread has just begun the operation before its `pc`. */
  add(kind: FindingKind, thread: Thread, rest: Partial<Finding> = {}): void {
    const line = rest.line ?? this.lineOf(thread.pc - 1);
    const key = [
      kind,
      line,
      rest.memory,
      rest.wrote,
      rest.other?.line,
      rest.other?.sameGroup,
    ].join();
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.list.push({ kind, thread: thread.index, group: thread.group, ...rest, line });
  }
}

/** A sentence for a finding; `place` names a word of a buffer. */
export function describe(
  finding: Finding,
  place = (memory: string, word: number) => `${memory}[${word}]`,
): string {
  const { kind, line, thread, group, memory = '', at = 0, other, wrote } = finding;
  const verb = (writes?: boolean) => (writes ? 'writes' : 'reads');
  const who = `thread ${thread} of workgroup ${group}`;
  switch (kind) {
    case 'race': {
      const { thread: number, sameGroup, line: there } = other!;
      const several = number === 'several';
      const others = `${several ? 'several threads' : `thread ${number}`}${sameGroup ? '' : ' of another workgroup'}`;
      const does = several ? 'read' : verb(other!.wrote);
      return (
        `race on ${place(memory, at)}: ${who} ${verb(wrote)} it in line ${line}, ` +
        `${others} ${does} it in line ${there}, and nothing orders the two`
      );
    }
    case 'bounds': {
      // A u32 that should be below 0.
      const negative = at >= 2 ** 31 ? `, which is ${at - 2 ** 32} as an unsigned number` : '';
      return `line ${line}: ${who} ${verb(wrote)} past the end: ${memory}[${at}]${negative}`;
    }
    case 'unwritten':
      return `${place(memory, at)} is never written`;
    case 'divergence':
      return `line ${line}: ${who} does not reach ${memory || 'the barrier'} that the others wait at`;
    case 'endless':
      return `line ${line}: a loop did not end within the limit (${who})`;
  }
}
