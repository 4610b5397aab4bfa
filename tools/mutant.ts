/** One fault in one shader: what `npm run test:mutants` plants to see whether the tests notice. */
export interface Fault {
  /** Path from the project root. */
  file: string;
  /** Text that occurs exactly once in the file. */
  find: string;
  /** What stands there instead. */
  put: string;
}

/** The faulty shader. */
export function plant({ file, find, put }: Fault, code: string): string {
  const parts = code.split(find);
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} times, not once: ${find}`);
  }
  return parts.join(put);
}

/** The fault that this process is to plant, by its environment. */
export function plantedFault(): Fault | undefined {
  const { FACEGRAD_MUTANT: fault } = process.env;
  return fault ? (JSON.parse(fault) as Fault) : undefined;
}
