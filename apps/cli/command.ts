import type { Client } from './client.ts';

/** `value` options take one; `flag` options none. */
export interface Option {
  readonly type: 'value' | 'flag';
  /** Shown for the value: `BYTES`. */
  readonly value?: string;
  readonly required?: boolean;
  readonly summary: string;
}

/** What a command comes to: for programs, and for people. */
export interface Output {
  readonly json: unknown;
  readonly text: string;
}

export interface Invocation {
  readonly client: Client;
  /** In the order of the command's `args`. */
  readonly args: readonly string[];
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly flags: ReadonlySet<string>;
  readonly readPassword: () => Promise<string>;
}

export interface Command {
  /** Names of the positional arguments; all are needed, a last one with `…` may repeat. */
  readonly args: readonly string[];
  readonly options?: Readonly<Record<string, Option>>;
  readonly summary: string;
  run(invocation: Invocation): Promise<Output>;
}

export interface Noun {
  readonly summary: string;
  readonly verbs: Readonly<Record<string, Command>>;
}

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
