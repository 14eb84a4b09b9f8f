import { present } from '#stdx';
import type { TestDefinition } from '../definition.ts';
import { evaluate } from '../execute.ts';

export const not: TestDefinition = {
  name: 'not',
  rfc: 'RFC 5228 §5.8',
  arguments: {},
  tests: 'one',
  *run(run, { tests }) {
    return !(yield* evaluate(run, present(tests[0], 'test')));
  },
};
