import { present } from '#stdx';
import type { BoundCommand, CommandDefinition, Flow } from '../definition.ts';
import { evaluate, runBlock } from '../execute.ts';
import type { Asking } from '../question.ts';
import type { Run } from '../run.ts';

function* branch(run: Run, { tests, block, otherwise }: BoundCommand): Asking<Flow> {
  if (yield* evaluate(run, present(tests[0], 'test'))) return yield* runBlock(run, block);
  return otherwise ? yield* runBlock(run, [otherwise]) : 'next';
}

const CONDITIONAL = { rfc: 'RFC 5228 §3.1', arguments: {}, hasBlock: true } as const;

export const ifCommand: CommandDefinition = { ...CONDITIONAL, name: 'if', tests: 'one', run: branch };

export const elsif: CommandDefinition = {
  ...CONDITIONAL,
  name: 'elsif',
  tests: 'one',
  follows: ['if', 'elsif'],
  run: branch,
};

export const elseCommand: CommandDefinition = {
  ...CONDITIONAL,
  name: 'else',
  follows: ['if', 'elsif'],
  run: (run, { block }) => runBlock(run, block),
};
