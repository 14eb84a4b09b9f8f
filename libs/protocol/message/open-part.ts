import type { PartFields } from './header-fields.ts';
import type { BodyPart, Envelope } from './model.ts';

/** A part whose end has not been seen. */
export interface OpenPart {
  readonly parent: OpenPart | null;
  /** Containers around it. */
  readonly depth: number;
  /** A message, with an envelope: the root, or what message/rfc822 holds. */
  readonly isMessage: boolean;
  readonly headerStart: number;
  bodyStart: number;
  /** Line ends before bodyStart. */
  linesBefore: number;
  fields: PartFields | null;
  envelope: Envelope | null;
  /** What its body turned out to be, once the header is read. */
  content: 'leaf' | 'multipart' | 'message';
  readonly parts: BodyPart[];
  embedded: { readonly envelope: Envelope; readonly body: BodyPart } | null;
}

export function openPart(parent: OpenPart | null, isMessage: boolean, headerStart: number): OpenPart {
  return {
    parent,
    depth: parent === null ? 0 : parent.depth + 1,
    isMessage,
    headerStart,
    bodyStart: headerStart,
    linesBefore: 0,
    fields: null,
    envelope: null,
    content: 'leaf',
    parts: [],
    embedded: null,
  };
}

/** The finished part. Its header must have been read. */
export function closePart(part: OpenPart, fields: PartFields, end: number, lines: number): BodyPart {
  const { headerStart, bodyStart, content, parts, embedded } = part;
  const body = { ...fields, headerStart, bodyStart, end, lines };
  if (content === 'multipart') return { ...body, parts };
  return embedded === null ? body : { ...body, message: embedded };
}

/** Kinds of part a reader does not think of as attached: what signs, encrypts or reports. */
const MACHINERY = new Set([
  'application/pgp-signature',
  'application/pgp-encrypted',
  'application/pkcs7-signature',
  'application/x-pkcs7-signature',
  'message/delivery-status',
  'message/disposition-notification',
  'message/global-delivery-status',
  'message/global-disposition-notification',
  'message/feedback-report',
  'text/rfc822-headers',
]);

/**
 * Whether a reader would be offered this leaf or embedded message as a file: a disposition of attachment, a message, or
 * anything but text that is not shown inside the text (RFC 8621 §4.1.4 in spirit).
 */
export function isAttachment(part: OpenPart, fields: PartFields): boolean {
  if (part.content === 'multipart' || isWithinMessage(part)) return false;
  if (fields.disposition?.type === 'attachment') return true;
  const kind = `${fields.type}/${fields.subtype}`;
  if (MACHINERY.has(kind) || part.parent?.fields?.subtype === 'report') return false;
  if (fields.type === 'text') return false;
  const isShownInText = fields.contentId !== null && part.parent?.fields?.subtype === 'related';
  return !isShownInText && !(fields.disposition?.type === 'inline' && fields.contentId !== null);
}

/** Part of an embedded message, not of the message itself. */
export function isWithinMessage(part: OpenPart): boolean {
  for (let at: OpenPart | null = part; at !== null; at = at.parent) if (at.isMessage && at.parent !== null) return true;
  return false;
}
