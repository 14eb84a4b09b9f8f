import type { Client } from './client.ts';
import type { Progress } from './progress.ts';

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
  /** For people: beside the output, never in it. */
  readonly progress: Progress;
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
