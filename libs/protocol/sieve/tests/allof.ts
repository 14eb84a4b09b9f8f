import type { TestDefinition } from '../definition.ts';
import { evaluate } from '../execute.ts';

export const allof: TestDefinition = {
  name: 'allof',
  rfc: 'RFC 5228 §5.2',
  arguments: {},
  tests: 'list',
  *run(run, { tests }) {
    for (const test of tests) if (!(yield* evaluate(run, test))) return false;
    return true;
  },
};
