import type { TestDefinition } from '../definition.ts';

export const size: TestDefinition = {
  name: 'size',
  rfc: 'RFC 5228 §5.9',
  arguments: { tags: { over: { group: 'limit' }, under: { group: 'limit' } }, positional: ['number'] },
  check({ arguments: args, at }, checking) {
    if (!args.oneOf(['over', 'under'])) checking.fail(at, 'size wants :over or :under');
  },
  run({ message }, { arguments: args }) {
    return args.has('over') ? message.size > args.number(0) : message.size < args.number(0);
  },
};
