import { withoutFlags } from '../flags.ts';
import { flagCommand } from './flag-command.ts';

export const removeflag = flagCommand('removeflag', 'RFC 5232 §3.3', withoutFlags);
