import type { SieveAction, SieveTracking } from './action.ts';
import { compileSieve } from './compile.ts';
import type { SieveScript } from './definition.ts';
import { runBlock } from './execute.ts';
import { formatProblem, type SieveProblem, SieveRunError } from './problem.ts';
import type { Asking, SieveAnswer, SieveQuestion } from './question.ts';
import { Run, type SieveMessage, type SieveWorld } from './run.ts';

/** What became of a run. */
export interface SieveOutcome {
  /** In order; an implicit keep (RFC 5228 §2.10.2) is in it. */
  readonly actions: readonly SieveAction[];
  readonly tracked: readonly SieveTracking[];
  /** Why the script ended early: its actions are then dropped and the message is kept (RFC 5228 §2.10.6). */
  readonly error: SieveProblem | null;
}

/** Runs a script over a message. Pure: what it must know of the world it asks, and what it wants done it says. */
export function* interpretSieve(script: SieveScript, message: SieveMessage, world: SieveWorld): Asking<SieveOutcome> {
  const run = new Run(message, world);
  try {
    yield* withScripts(runBlock(run, script.commands), run);
  } catch (error) {
    if (!(error instanceof SieveRunError)) throw error;
    return { actions: [keepOf([], null)], tracked: [], error: { ...error.at, message: error.message } };
  }
  // RFC 5228 §2.10.3: what is in the inbox already is not kept again.
  const isKept = !run.implicitKeep || run.actions.some((action) => action.kind === 'store' && action.mailbox === null);
  const actions = isKept ? run.actions : [...run.actions, keepOf(run.flags, run.header.block())];
  return { actions, tracked: run.tracked, error: null };
}

const keepOf = (flags: readonly string[], header: Buffer | null): SieveAction => ({
  kind: 'store',
  mailbox: null,
  flags,
  header,
});

/** Passes questions on; what is answered to one for a script is compiled on its way in. */
function* withScripts<T>(steps: Asking<T>, run: Run): Asking<T> {
  let next = steps.next();
  while (!next.done) {
    const question: SieveQuestion = next.value;
    const answer: SieveAnswer = yield question;
    if (question.ask !== 'script' || typeof answer !== 'string') {
      next = steps.next(answer);
      continue;
    }
    const compiled = compileSieve(answer, run.world.limits);
    if (!compiled.ok) run.fail(`script "${question.name}" to include: ${formatProblem(compiled.problems[0]!)}`);
    next = steps.next(compiled.script as unknown as SieveAnswer);
  }
  return next.value;
}

/** Runs the machine to its end, answering what it asks. */
export async function driveSieve(
  machine: Asking<SieveOutcome>,
  answer: (question: SieveQuestion) => Promise<SieveAnswer>,
): Promise<SieveOutcome> {
  let next = machine.next();
  while (!next.done) next = machine.next(await answer(next.value));
  return next.value;
}
