import { flagsIn } from '../flags.ts';
import { flagCommand } from './flag-command.ts';

export const addflag = flagCommand('addflag', 'RFC 5232 §3.2', (before, flags) => flagsIn([...before, ...flags]));
