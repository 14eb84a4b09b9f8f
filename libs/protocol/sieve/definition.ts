import type { Arguments, ArgumentsSpec } from './arguments.ts';
import type { SieveCapability } from './capabilities.ts';
import type { SievePosition } from './problem.ts';
import type { Step } from './question.ts';
import type { Run } from './run.ts';

/** How a block goes on: to its next command, out of its script (RFC 6609 `return`), or nowhere (`stop`). */
export type Flow = 'next' | 'return' | 'stop';

/** What the checker lets a definition look at. */
export interface Checking {
  readonly regexStepsMax: number;
  has(capability: SieveCapability): boolean;
  fail(at: SievePosition, message: string): void;
}

interface Definition<Bound, Outcome extends object | string | boolean | undefined> {
  readonly name: string;
  readonly rfc: string;
  /** Needs one of these. */
  readonly requires?: SieveCapability | readonly SieveCapability[];
  readonly arguments: ArgumentsSpec;
  /** Tests it takes. Default none. */
  readonly tests?: 'one' | 'list';
  /** What a spec cannot say of the arguments. */
  check?(bound: Bound, checking: Checking): void;
  run(run: Run, bound: Bound): Step<Outcome>;
}

export interface CommandDefinition extends Definition<BoundCommand, Flow> {
  readonly hasBlock?: boolean;
  /** Commands it must come right after. */
  readonly follows?: readonly string[];
}

export type TestDefinition = Definition<BoundTest, boolean>;

/** A test with its arguments, checked. */
export interface BoundTest {
  readonly definition: TestDefinition;
  readonly arguments: Arguments;
  readonly tests: readonly BoundTest[];
  readonly at: SievePosition;
}

/** A command with its arguments, checked. */
export interface BoundCommand {
  readonly definition: CommandDefinition;
  readonly arguments: Arguments;
  readonly tests: readonly BoundTest[];
  readonly block: readonly BoundCommand[];
  readonly at: SievePosition;
  /** The `elsif` or `else` that goes on from here. */
  otherwise?: BoundCommand;
}

/** A script ready to run, any number of times. */
export interface SieveScript {
  readonly commands: readonly BoundCommand[];
  readonly requires: ReadonlySet<string>;
}
