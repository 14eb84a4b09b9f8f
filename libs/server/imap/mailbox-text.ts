import { encodeMailboxName, formatAString, formatString, formatUtf8String, type StringFormat } from '#protocol/imap';
import type { CommandSession } from './command.ts';

type Names = Pick<CommandSession, 'names'>;

export function formatMailboxName({ names }: Names, name: string): string {
  const wire = encodeMailboxName(name, names);
  return names === 'utf8' && /[^\x20-\x7e]/.test(wire) ? formatUtf8String(wire) : formatAString(wire);
}

/** RFC 9051 appendix A: UTF-8 in quoted strings only for who enabled it. */
export const stringFormatOf = ({ names }: Names): StringFormat => (names === 'utf8' ? formatUtf8String : formatString);
