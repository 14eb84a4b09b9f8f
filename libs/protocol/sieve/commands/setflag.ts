import { flagCommand } from './flag-command.ts';

export const setflag = flagCommand('setflag', 'RFC 5232 §3.1', (_before, flags) => flags);
