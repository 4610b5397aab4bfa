/**
 * A machine that runs WGSL compute shaders as the language says, thread by thread and barrier by barrier: slowly, with
 * every variable open to view, and with a shadow of memory that finds what a GPU hides.
 */
export { Counts, type MemoryCount } from './counts';
export { describe, type Finding, type FindingKind } from './findings';
export { Memory, type Watch } from './memory';
export { CompileError } from './parse';
export { compile, type CompileOptions, type Program } from './program';
export { Execution, type Order, type RunOptions, type Stop } from './scheduler';
export { State, Thread } from './thread';
