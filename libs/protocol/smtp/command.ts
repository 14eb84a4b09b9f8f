import { isAscii as bufferIsAscii, isUtf8 } from 'node:buffer';
import { refuse } from './reply.ts';

/** One command as sent: verb in upper case, the rest untouched but for trailing white space (RFC 5321 §4.1.1). */
export interface CommandLine {
  readonly verb: string;
  readonly argument: string;
}

/** `line` without its CRLF. Throws `SmtpRefusal` for bytes no command may hold. */
export function parseCommandLine(line: Buffer): CommandLine {
  return splitCommand(decodeLine(line));
}

/** ASCII, or UTF-8 for RFC 6531; control characters, NUL and bare CR or LF have no place in a command. */
export function decodeLine(line: Buffer): string {
  const ascii = bufferIsAscii(line);
  if (!ascii && !isUtf8(line)) refuse(500, '5.5.2', 'Command is neither ASCII nor UTF-8');
  const text = line.toString(ascii ? 'latin1' : 'utf8');
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) refuse(500, '5.5.2', 'Control character in command');
  return text;
}

function splitCommand(text: string): CommandLine {
  const trimmed = text.trimEnd();
  const space = trimmed.indexOf(' ');
  return space < 0
    ? { verb: trimmed.toUpperCase(), argument: '' }
    : { verb: trimmed.slice(0, space).toUpperCase(), argument: trimmed.slice(space + 1).trimStart() };
}
