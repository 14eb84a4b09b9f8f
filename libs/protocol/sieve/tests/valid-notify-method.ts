import type { TestDefinition } from '../definition.ts';
import { parseMailto } from '../replies/mailto.ts';

export const validNotifyMethod: TestDefinition = {
  name: 'valid_notify_method',
  rfc: 'RFC 5435 §4',
  requires: 'enotify',
  arguments: { positional: ['strings'] },
  run: (run, { arguments: args }) => run.texts(args.strings(0)).every((uri) => parseMailto(uri) !== null),
};
