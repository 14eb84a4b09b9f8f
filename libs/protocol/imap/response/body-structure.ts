import { type BodyPart, decodeHeaderField, type Envelope, encodeParameters } from '#protocol/message';
import { formatEnvelope, formatHeaderText } from './envelope.ts';
import { formatNString, formatString, type StringFormat } from './strings.ts';

/** BODYSTRUCTURE, or BODY when not `extended`. RFC 9051 §7.5.2. Sizes are bytes in the transfer encoding. */
export function formatBodyStructure(part: BodyPart, extended: boolean, text: StringFormat = formatString): string {
  if (part.type === 'multipart') return multipart(part, extended, text);
  const subtype = text(part.subtype);
  const fields = `${formatParameters(part.parameters, text)} ${formatNString(part.contentId, text)} ${formatHeaderText(
    part.description,
    part.description && decodeHeaderField(part.description),
    text,
  )} ${text(part.encoding)} ${part.end - part.bodyStart}`;
  let out = `(${text(part.type)} ${subtype} ${fields}`;
  if (part.type === 'text') out += ` ${part.lines}`;
  else if (isEmbeddedMessage(part)) out += embedded(part, extended, text);
  if (extended) out += ` ${formatNString(part.md5, text)} ${dispositionLanguageLocation(part, text)}`;
  return `${out})`;
}

function multipart(part: BodyPart, extended: boolean, text: StringFormat): string {
  const parts = part.parts ?? [];
  // The grammar wants one part at least; a multipart whose boundary never came has none.
  let out = parts.length === 0 ? `(${EMPTY_TEXT}` : '(';
  for (const child of parts) out += formatBodyStructure(child, extended, text);
  out += ` ${text(part.subtype)}`;
  if (extended) out += ` ${formatParameters(part.parameters, text)} ${dispositionLanguageLocation(part, text)}`;
  return `${out})`;
}

/** RFC 9051 §9 `media-message`: these two carry envelope, structure and lines whatever was found inside. */
export const isEmbeddedMessage = (part: BodyPart): boolean =>
  part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global');

function embedded(part: BodyPart, extended: boolean, text: StringFormat): string {
  const { message } = part;
  const envelope = formatEnvelope(message?.envelope ?? NO_ENVELOPE, text);
  // Its structure is missing only where a limit of the analysis cut it off.
  return ` ${envelope} ${message ? formatBodyStructure(message.body, extended, text) : EMPTY_TEXT} ${part.lines}`;
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

/** RFC 9051 §7.5.2: decoded as RFC 2231 says, for who reads UTF-8. */
function formatParameters(parameters: Readonly<Record<string, string>>, text: StringFormat): string {
  let out = '';
  for (const [name, value] of text === formatString ? encodeParameters(parameters) : Object.entries(parameters))
    out += `${out === '' ? '(' : ' '}${text(name)} ${text(value)}`;
  return out === '' ? 'NIL' : `${out})`;
}

function dispositionLanguageLocation(part: BodyPart, text: StringFormat): string {
  const { disposition, language } = part;
  const shown = disposition ? `(${text(disposition.type)} ${formatParameters(disposition.parameters, text)})` : 'NIL';
  const languages =
    language.length === 0 ? 'NIL' : language.length === 1 ? text(language[0]!) : `(${language.map(text).join(' ')})`;
  return `${shown} ${languages} ${formatNString(part.location, text)}`;
}
