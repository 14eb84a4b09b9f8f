import type { BoundCommand, BoundTest, Flow } from './definition.ts';
import { type Asking, taken } from './question.ts';
import type { Run } from './run.ts';

/** Runs the commands of a block until one of them ends it. */
export function* runBlock(run: Run, commands: readonly BoundCommand[]): Asking<Flow> {
  for (const command of commands) {
    run.at = command.at;
    const flow = yield* taken<Flow>(command.definition.run(run, command));
    if (flow !== 'next') return flow;
  }
  return 'next';
}

export function* evaluate(run: Run, test: BoundTest): Asking<boolean> {
  run.at = test.at;
  run.spend(1);
  yield* run.pauseIfDue();
  return yield* taken<boolean>(test.definition.run(run, test));
}
