/** What went wrong, in the words a caller can act on. */
export type ErrorKind =
  | 'unsupported'
  | 'limit'
  | 'shader'
  | 'validation'
  | 'out-of-memory'
  | 'device-lost'
  | 'bad-input'
  /** A disk or folder that takes no more; what was there before is as it was. */
  | 'file'
  | 'not-finite'
  | 'internal';

/** Optional facts of an error: the operation, and what was wanted and available. */
export interface ErrorDetails {
  operation?: string;
  wanted?: unknown;
  available?: unknown;
  cause?: unknown;
}

/** The one error class of the library. `kind` says what a caller can do about it. */
export class FacegradError extends Error {
  override readonly name = 'FacegradError';
  readonly operation?: string;
  readonly wanted?: unknown;
  readonly available?: unknown;

  constructor(
    readonly kind: ErrorKind,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.operation = details.operation;
    this.wanted = details.wanted;
    this.available = details.available;
  }
}
