/** A reader's kernel on its way from a lesson to the Train page: its file and its text. */
export interface OwnKernel {
  /** As in `shaders/optimizer/adam.wgsl`. */
  file: string;
  code: string;
}

const KEY = 'facegrad-own-kernel';

/** Undefined where there is none, or where this browser keeps nothing. */
export function ownKernel(): OwnKernel | undefined {
  try {
    const { file, code } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<OwnKernel>;
    return typeof file === 'string' && typeof code === 'string' ? { file, code } : undefined;
  } catch {
    return undefined;
  }
}

/** @throws where this browser keeps nothing */
export function keepOwnKernel(kernel: OwnKernel | undefined): void {
  if (kernel) localStorage.setItem(KEY, JSON.stringify(kernel));
  else localStorage.removeItem(KEY);
}
