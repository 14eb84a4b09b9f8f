/** Why cold storage did not do what it was asked. */
export type ColdStorageErrorCode =
  /** It does not answer, or says to come back later. */
  | 'away'
  | 'notFound'
  /** The name is taken: what is there stays as it is. */
  | 'exists'
  /** It knows neither us nor the place: somebody has to look at credentials, bucket and permissions. */
  | 'refused'
  /** The object is shorter than what was asked of it. */
  | 'damaged';

/** `message` is for logs and operators; it names no secret. */
export class ColdStorageError extends Error {
  override readonly name = 'ColdStorageError';
  constructor(
    readonly code: ColdStorageErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Where compacted segments of old mail are: a slower mount, or S3-compatible storage. Objects are written once and never changed. A
 * name is `<volume>/<epoch>-<n>.cold`, so that no two owners ever write the same one. Every method rejects `ColdStorageError`, in a bounded time.
 */
export interface ColdStorage {
  /** What it is, for people: no secrets. */
  readonly description: string;
  /**
   * By an operator's order, before the first use: marks the place as one for cold mail and sees that it can be written, read and
   * removed from. A directory without the mark is a mount that failed.
   */
  prepare(): Promise<void>;
  /** Resolves when the object is durable as a whole; until then nothing of it counts. Rejects `exists`. */
  put(name: string, bytes: Buffer): Promise<void>;
  /** Bytes [start, end), all of them. Rejects `notFound`, and `damaged` when the object ends before. */
  read(name: string, start: number, end: number): Promise<Buffer>;
  /** Nothing to do when it is not there. */
  remove(name: string): Promise<void>;
}
