/** RFC 5321 §4.2; `enhanced` is RFC 3463's `X.Y.Z`. Lines hold no CR or LF. */
export interface SmtpReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string | readonly string[];
}

/** RFC 5321 §4.5.3.1.5: a reply line, code and CRLF included. */
export const REPLY_LINE_BYTES_MAX = 512;

export const smtpReply = (code: number, enhanced: string, text: string): SmtpReply => ({ code, enhanced, text });

/** Text of a reply on one line, for logs and for people. */
export const replyText = (reply: SmtpReply): string =>
  typeof reply.text === 'string' ? reply.text : reply.text.join(' ');

/** `550 5.1.1 No such user`: how logs, queue entries and bounces quote a reply. */
export const formatReply = (reply: SmtpReply): string =>
  `${reply.code}${reply.enhanced ? ` ${reply.enhanced}` : ''} ${replyText(reply)}`;

/** The wire form, CRLF included. Characters outside printable ASCII become `?`, so that no text can end a line early. */
export function serializeReply(reply: SmtpReply): string {
  const prefix = reply.enhanced === undefined ? '' : `${reply.enhanced} `;
  if (typeof reply.text === 'string') return `${reply.code} ${prefix}${clean(reply.text)}\r\n`;
  let out = '';
  for (let i = 0; i < reply.text.length; i++) {
    const separator = i === reply.text.length - 1 ? ' ' : '-';
    out += `${reply.code}${separator}${prefix}${clean(reply.text[i]!)}\r\n`;
  }
  return out === '' ? `${reply.code} ${prefix}\r\n` : out;
}

// Code, separator, `X.YYY.ZZZ ` and CRLF take at most 16 bytes of the line.
const TEXT_BYTES_MAX = REPLY_LINE_BYTES_MAX - 16;

function clean(text: string): string {
  const printable = /[^\x20-\x7e]/.test(text) ? text.replace(/[^\x20-\x7e]/g, '?') : text;
  return printable.length > TEXT_BYTES_MAX ? printable.slice(0, TEXT_BYTES_MAX) : printable;
}

/** A refusal thrown by parsers and verbs, and caught once, in the session's loop. */
export class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal';
  constructor(readonly reply: SmtpReply) {
    super(formatReply(reply));
  }
}

/** Throws the refusal as an expression. */
export function refuse(code: number, enhanced: string, text: string): never {
  throw new SmtpRefusal({ code, enhanced, text });
}

const STALE = 'STALE';

/**
 * The node's answer to a ROUTE or ORIGIN whose volume or epoch is not its own: the hub looks up again and retries once.
 * `epoch` is the one the node holds, when it holds the volume.
 */
export const staleReply = (volumeId: string, epoch?: number): SmtpReply => ({
  code: 451,
  enhanced: '4.3.5',
  text: `${STALE} volume ${volumeId} ${epoch === undefined ? 'is not here' : `is at epoch ${epoch}`}`,
});

export const isStaleReply = (reply: SmtpReply): boolean =>
  reply.code === 451 && reply.enhanced === '4.3.5' && replyText(reply).startsWith(STALE);
