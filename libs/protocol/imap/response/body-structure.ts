import { type BodyPart, decodeHeaderField, type Envelope, encodeParameters } from '#protocol/message';
import { formatEnvelope, formatHeaderText } from './envelope.ts';
import { formatNString, formatString } from './strings.ts';

/** BODYSTRUCTURE, or BODY when not `extended`. RFC 9051 §7.5.2. Sizes are bytes in the transfer encoding. */
export function formatBodyStructure(part: BodyPart, extended: boolean): string {
  if (part.type === 'multipart') return multipart(part, extended);
  const subtype = formatString(part.subtype);
  const fields = `${formatParameters(part.parameters)} ${formatNString(part.contentId)} ${formatHeaderText(
    part.description,
    part.description && decodeHeaderField(part.description),
  )} ${formatString(part.encoding)} ${part.end - part.bodyStart}`;
  let out = `(${formatString(part.type)} ${subtype} ${fields}`;
  if (part.type === 'text') out += ` ${part.lines}`;
  else if (isEmbeddedMessage(part)) out += embedded(part, extended);
  if (extended) out += ` ${formatNString(part.md5)} ${dispositionLanguageLocation(part)}`;
  return `${out})`;
}

function multipart(part: BodyPart, extended: boolean): string {
  const parts = part.parts ?? [];
  // The grammar wants one part at least; a multipart whose boundary never came has none.
  let out = parts.length === 0 ? `(${EMPTY_TEXT}` : '(';
  for (const child of parts) out += formatBodyStructure(child, extended);
  out += ` ${formatString(part.subtype)}`;
  if (extended) out += ` ${formatParameters(part.parameters)} ${dispositionLanguageLocation(part)}`;
  return `${out})`;
}

/** RFC 9051 §9 `media-message`: these two carry envelope, structure and lines whatever was found inside. */
export const isEmbeddedMessage = (part: BodyPart): boolean =>
  part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global');

function embedded(part: BodyPart, extended: boolean): string {
  const { message } = part;
  const envelope = formatEnvelope(message?.envelope ?? NO_ENVELOPE);
  // Its structure is missing only where a limit of the analysis cut it off.
  return ` ${envelope} ${message ? formatBodyStructure(message.body, extended) : EMPTY_TEXT} ${part.lines}`;
}

const EMPTY_TEXT = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)';
const NO_ENVELOPE: Envelope = {
  date: null,
  sentAt: null,
  subject: null,
  rawSubject: null,
  from: [],
  sender: [],
  replyTo: [],
  to: [],
  cc: [],
  bcc: [],
  inReplyTo: null,
  messageId: null,
  references: [],
};

function formatParameters(parameters: Readonly<Record<string, string>>): string {
  let out = '';
  for (const [name, value] of encodeParameters(parameters))
    out += `${out === '' ? '(' : ' '}${formatString(name)} ${formatString(value)}`;
  return out === '' ? 'NIL' : `${out})`;
}

function dispositionLanguageLocation(part: BodyPart): string {
  const { disposition, language } = part;
  const shown = disposition ? `(${formatString(disposition.type)} ${formatParameters(disposition.parameters)})` : 'NIL';
  const languages =
    language.length === 0
      ? 'NIL'
      : language.length === 1
        ? formatString(language[0]!)
        : `(${language.map(formatString).join(' ')})`;
  return `${shown} ${languages} ${formatNString(part.location)}`;
}
