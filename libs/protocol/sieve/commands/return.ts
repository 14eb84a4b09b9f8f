import type { CommandDefinition } from '../definition.ts';

export const returnCommand: CommandDefinition = {
  name: 'return',
  rfc: 'RFC 6609 §3.3',
  requires: 'include',
  arguments: {},
  run: () => 'return',
};
