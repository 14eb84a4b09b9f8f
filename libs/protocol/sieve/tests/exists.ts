import type { TestDefinition } from '../definition.ts';

export const exists: TestDefinition = {
  name: 'exists',
  rfc: 'RFC 5228 §5.5',
  arguments: { positional: ['strings'] },
  run: (run, { arguments: args }) => run.texts(args.strings(0)).every((name) => run.header.has(name)),
};
