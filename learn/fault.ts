/** One fault in one shader: an exercise begins with some, and the tests are measured by whether they notice. */
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
