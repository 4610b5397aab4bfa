/**
 * The other libraries' packages are not installed with this project's, so their types are not there
 * either: their own documentation is what these files are written by.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type Untyped = any;

/** Brings one file of a package in bench/peers/node_modules: as a script or module in a page, required in Node. */
export interface PeerLoader {
  /** A classic script, which leaves a global. */
  script(path: string): Promise<void>;
  module(path: string): Promise<Untyped>;
  /** Where the package's other files (WebAssembly) are fetched from. */
  url(path: string): string;
  /** Starts a script of this folder in Python, where there is one; what it returns sends a message and gives the answer. */
  python?(script: string): (message: Uint8Array) => Promise<Uint8Array>;
}
