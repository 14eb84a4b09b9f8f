import type { CommandDefinition } from '../definition.ts';

export const stop: CommandDefinition = {
  name: 'stop',
  rfc: 'RFC 5228 §3.3',
  arguments: {},
  run: () => 'stop',
};
