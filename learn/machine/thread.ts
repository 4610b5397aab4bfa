/** What a thread is doing; only a ready one can go on. */
export const State = { Ready: 0, Barrier: 1, Subgroup: 2, Done: 3 } as const;

/**
 * One invocation: a program counter and registers. All its variables, the constants of the program and the
 * uniforms lie in registers, at places that are fixed when the program is compiled: WGSL has no recursion.
 */
export class Thread {
  /** Index of the operation that is next. */
  pc = 0;
  state: number = State.Ready;
  /** local_invocation_index. */
  index = 0;
  /** Index of the workgroup, x running fastest. */
  group = 0;
  constructor(readonly r: Float64Array) {}
}

/** One operation: from registers and memory to registers and memory. A jump sets `pc`. */
export type Op = (thread: Thread) => void;

/** Place of an operation, known once it is emitted. */
export interface Label {
  at: number;
}
