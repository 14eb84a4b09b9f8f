import type { CommandDefinition } from '../definition.ts';

export const discard: CommandDefinition = {
  name: 'discard',
  rfc: 'RFC 5228 §4.4',
  arguments: {},
  run(run) {
    run.implicitKeep = false;
    return 'next';
  },
};
