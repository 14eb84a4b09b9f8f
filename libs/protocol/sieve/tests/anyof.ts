import type { TestDefinition } from '../definition.ts';
import { evaluate } from '../execute.ts';

export const anyof: TestDefinition = {
  name: 'anyof',
  rfc: 'RFC 5228 §5.3',
  arguments: {},
  tests: 'list',
  *run(run, { tests }) {
    for (const test of tests) if (yield* evaluate(run, test)) return true;
    return false;
  },
};
