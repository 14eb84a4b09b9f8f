/** A place in a script; both count from 1, columns in UTF-16 code units. */
export interface SievePosition {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a script, and where. */
export interface SieveProblem extends SievePosition {
  readonly message: string;
}

/** `line 3, column 7: unknown command "foo"`: how people are told. */
export const formatProblem = ({ line, column, message }: SieveProblem): string =>
  `line ${line}, column ${column}: ${message}`;

/** Ends the reading of a script that cannot be read on. */
export class SieveSyntaxError extends Error {
  override readonly name = 'SieveSyntaxError';
  constructor(
    readonly at: SievePosition,
    message: string,
  ) {
    super(message);
  }
}

/** Ends a run: RFC 5228 §2.10.6, the message is then kept. */
export class SieveRunError extends Error {
  override readonly name = 'SieveRunError';
  constructor(
    readonly at: SievePosition,
    message: string,
  ) {
    super(message);
  }
}
