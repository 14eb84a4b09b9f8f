/** Called the wrong way: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
/** The API said no: exit code 1. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    message: string,
    readonly problem: unknown,
  ) {
    super(message);
  }
}
/** Nobody answers: exit code 3. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}
