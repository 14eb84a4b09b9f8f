import { isAscii } from './address.ts';
import { parseOriginalRecipient } from './dsn-parameters.ts';
import { mailDate } from './received.ts';

/** RFC 3464 §2.3.3. */
export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed';

export interface DsnRecipient {
  readonly forwardPath: string;
  /** ORCPT as it came: `rfc822;…`. */
  readonly originalRecipient?: string;
  /** RFC 3463 `X.Y.Z`. */
  readonly status: string;
  /** What the other server said, or why it could not be asked; one line. */
  readonly diagnostic: string;
  /** The server that said it; absent when the reason is ours. */
  readonly remoteMta?: string;
  /** `delayed` only: until when we shall try, milliseconds since the epoch. */
  readonly retryUntil?: number;
}

export interface DsnFacts {
  readonly action: DsnAction;
  readonly recipients: readonly DsnRecipient[];
  /** Reverse-path of the message: where the notification goes. */
  readonly to: string;
  /** Ours. */
  readonly hostname: string;
  /** Unique, both without angle brackets and quotes. */
  readonly messageId: string;
  readonly boundary: string;
  /** ENVID as it came, xtext undone. */
  readonly envelopeId?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly arrivedAt: number;
  /** The message, or its header block alone. */
  readonly original: { readonly bytes: Buffer; readonly whole: boolean };
}

const SUBJECTS: Readonly<Record<DsnAction, string>> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message has not been delivered yet',
  delivered: 'Your message was delivered',
  relayed: 'Your message was handed on',
};

const EXPLANATIONS: Readonly<Record<DsnAction, string>> = {
  failed: 'Your message could not be delivered to the recipients below, and no further attempt will be made.',
  delayed:
    'Your message has not been delivered to the recipients below yet. You need not send it again: we keep trying.',
  delivered: 'Your message was delivered to the recipients below.',
  relayed:
    'Your message was handed to a mail server that gives no receipts. Whether it reaches the recipients below will not be reported.',
};

/**
 * A delivery status notification (RFC 3464 in RFC 6522's multipart/report), with its header fields, CRLF line ends and no
 * Return-Path. With a non-ASCII address or header it uses RFC 6533's message/global types and needs SMTPUTF8 itself.
 */
export function buildDsn(facts: DsnFacts): Buffer {
  const international = needsSmtputf8(facts);
  const { boundary, original } = facts;
  const returned = original.whole
    ? international
      ? 'message/global'
      : 'message/rfc822'
    : international
      ? 'message/global-headers'
      : 'text/rfc822-headers';
  const head = [
    ...header(facts),
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...explanation(facts),
    '',
    `--${boundary}`,
    `Content-Type: message/${international ? 'global-' : ''}delivery-status`,
    ...(international ? ['Content-Transfer-Encoding: 8bit'] : []),
    '',
    ...statusFields(facts, international),
    '',
    `--${boundary}`,
    `Content-Type: ${returned}`,
    'Content-Transfer-Encoding: 8bit',
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), original.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

/** Whether a notification of these facts must be sent with SMTPUTF8. */
export function needsSmtputf8({ to, recipients, original }: DsnFacts): boolean {
  if (!isAscii(to) || !recipients.every(({ forwardPath }) => isAscii(forwardPath))) return true;
  const end = original.bytes.indexOf('\r\n\r\n');
  const headerBytes = end < 0 ? original.bytes : original.bytes.subarray(0, end);
  return headerBytes.some((byte) => byte >= 128);
}

function header({ action, to, hostname, messageId, at }: DsnFacts): readonly string[] {
  return [
    `Date: ${mailDate(at)}`,
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: <${to}>`,
    `Subject: ${SUBJECTS[action]}`,
    `Message-ID: <${messageId}>`,
    'MIME-Version: 1.0',
    // RFC 3834 §5: nothing must answer this.
    'Auto-Submitted: auto-replied',
  ];
}

function explanation({ action, recipients, hostname }: DsnFacts): readonly string[] {
  return [
    `This is the mail system at ${hostname}.`,
    '',
    EXPLANATIONS[action],
    '',
    ...recipients.flatMap(({ forwardPath, diagnostic, remoteMta, retryUntil }) => [
      `<${forwardPath}>`,
      `    ${remoteMta ? `${remoteMta} said: ` : ''}${oneLine(diagnostic)}`,
      ...(retryUntil === undefined ? [] : [`    We shall try until ${mailDate(retryUntil)}.`]),
      '',
    ]),
  ];
}

/** RFC 3464 §2.2 fields of the message, then a block for each recipient (§2.3). */
function statusFields(facts: DsnFacts, international: boolean): readonly string[] {
  const { action, hostname, envelopeId, arrivedAt, at, recipients } = facts;
  return [
    `Reporting-MTA: dns; ${hostname}`,
    ...(envelopeId === undefined ? [] : [`Original-Envelope-Id: ${oneLine(envelopeId)}`]),
    `Arrival-Date: ${mailDate(arrivedAt)}`,
    ...recipients.flatMap((recipient) => [
      '',
      ...originalRecipient(recipient),
      `Final-Recipient: ${international ? 'utf-8' : 'rfc822'}; ${recipient.forwardPath}`,
      `Action: ${action}`,
      `Status: ${recipient.status}`,
      ...(recipient.remoteMta ? [`Remote-MTA: dns; ${recipient.remoteMta}`] : []),
      // RFC 3464 §2.3.6: `smtp` only when it is what a server said.
      `Diagnostic-Code: ${recipient.remoteMta ? 'smtp' : 'x-rookery'}; ${oneLine(recipient.diagnostic)}`,
      `Last-Attempt-Date: ${mailDate(at)}`,
      ...(recipient.retryUntil === undefined ? [] : [`Will-Retry-Until: ${mailDate(recipient.retryUntil)}`]),
    ]),
  ];
}

function originalRecipient({ originalRecipient }: DsnRecipient): readonly string[] {
  const parsed = originalRecipient === undefined ? null : parseOriginalRecipient(originalRecipient);
  return parsed ? [`Original-Recipient: ${parsed.type}; ${oneLine(parsed.address)}`] : [];
}

/** At most 900 characters, no line ends: a remote server's words must not write fields of ours. */
const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 900);
