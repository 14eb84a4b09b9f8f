import { asBuffer, type Random } from '#stdx';
import { formatDate } from './date.ts';
import { encodeHeaderText, headerField } from './header-write.ts';

/** What became of one recipient (RFC 3464 §2.3). Strings hold no line ends; those that do have them made spaces. */
export interface ReportedRecipient {
  /** Address delivery was last tried for. */
  readonly finalRecipient: string;
  /** As the sender gave it, when known: ORCPT's `type;address` (RFC 3461 §4.2). */
  readonly originalRecipient?: string;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463, as `5.1.1`. */
  readonly status: string;
  /** DNS name of the host that answered. */
  readonly remoteMta?: string;
  /** The host's SMTP reply. */
  readonly diagnostic?: string;
  /** Milliseconds since the epoch. */
  readonly lastAttemptAt?: number;
  readonly willRetryUntil?: number;
}

/** A delivery status notification (RFC 3464): a bounce, a warning of delay, a receipt. */
export interface DeliveryReport {
  /** Header text of From: `Mail Delivery System <mailer-daemon@example.com>`. */
  readonly from: string;
  /** The reverse-path of the message reported on. */
  readonly to: string;
  /** Unicode. */
  readonly subject: string;
  /** With angle brackets. */
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly date: number;
  /** Message-ID of the message reported on, for threads. */
  readonly inReplyTo?: string;
  /** For people: Unicode, lines ended by LF or CRLF. */
  readonly text: string;
  /** DNS name of the host that reports. */
  readonly reportingMta: string;
  /** ENVID of MAIL (RFC 3461 §4.4). */
  readonly envelopeId?: string;
  readonly arrivalDate?: number;
  readonly recipients: readonly ReportedRecipient[];
  /** The message reported on, or its header only (RFC 3461 §4.3, RET); left out when `null`. */
  readonly original: { readonly kind: 'message' | 'header'; readonly bytes: Uint8Array } | null;
}

/**
 * The whole message, CRLF line ends, to be sent with the null reverse-path. multipart/report with a text, a
 * message/delivery-status and the original (RFC 6522); where an address or the original's header is not ASCII, with RFC 6533's
 * global types, and then only an SMTPUTF8 server takes it. `Auto-Submitted` keeps robots from answering (RFC 3834 §5).
 */
export function buildReport(report: DeliveryReport, random: Random): Buffer {
  const boundary = `=_report_${random.bytes(18).toString('hex')}`;
  const status = statusFields(report);
  const isGlobal = !isAscii(Buffer.from(status));
  const parts: Buffer[] = [
    textPart(report.text),
    part(
      [
        ['Content-Type', isGlobal ? 'message/global-delivery-status; charset=utf-8' : 'message/delivery-status'],
        ...(isGlobal ? [['Content-Transfer-Encoding', '8bit'] as const] : []),
      ],
      Buffer.from(status),
    ),
  ];
  if (report.original !== null) parts.push(originalPart(report.original.kind, asBuffer(report.original.bytes)));
  const header = [
    headerField('From', report.from),
    headerField('To', report.to),
    headerField('Subject', encodeHeaderText(report.subject)),
    headerField('Date', formatDate(report.date)),
    headerField('Message-ID', report.messageId),
    ...(report.inReplyTo === undefined
      ? []
      : [headerField('In-Reply-To', report.inReplyTo), headerField('References', report.inReplyTo)]),
    headerField('Auto-Submitted', 'auto-replied'),
    headerField('MIME-Version', '1.0'),
    headerField('Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`),
  ].join('');
  // Its first line end is the header's blank line.
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const pieces = parts.flatMap((bytes) => [delimiter, Buffer.from('\r\n'), bytes]);
  return Buffer.concat([Buffer.from(header), ...pieces, delimiter, Buffer.from('--\r\n')]);
}

function part(fields: readonly (readonly [name: string, value: string])[], body: Buffer): Buffer {
  const header = fields.map(([name, value]) => headerField(name, value)).join('');
  return Buffer.concat([Buffer.from(`${header}\r\n`), body]);
}

function textPart(text: string): Buffer {
  const body = Buffer.from(text.replace(/\r?\n|\r/g, '\r\n'));
  return part(
    [
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Transfer-Encoding', isAscii(body) ? '7bit' : '8bit'],
    ],
    body,
  );
}

/** RFC 6522 §4, RFC 6533 §5. What is not header is 8-bit at most; the transport must have 8BITMIME where it is. */
function originalPart(kind: 'message' | 'header', bytes: Buffer): Buffer {
  const blank = bytes.indexOf('\r\n\r\n');
  const header = blank < 0 ? bytes : bytes.subarray(0, blank + 2);
  const body = kind === 'message' ? bytes : header;
  const isGlobal = !isAscii(header);
  const type =
    kind === 'message'
      ? isGlobal
        ? 'message/global'
        : 'message/rfc822'
      : isGlobal
        ? 'message/global-headers'
        : 'text/rfc822-headers';
  return part(
    [['Content-Type', type], ...(isAscii(body) ? [] : [['Content-Transfer-Encoding', '8bit'] as const])],
    body,
  );
}

/** RFC 3464 §2.1: fields of the message, then a group for each recipient. */
function statusFields(report: DeliveryReport): string {
  const message = fieldGroup([
    ['Original-Envelope-Id', report.envelopeId],
    ['Reporting-MTA', `dns; ${report.reportingMta}`],
    ['Arrival-Date', report.arrivalDate === undefined ? undefined : formatDate(report.arrivalDate)],
  ]);
  const recipients = report.recipients.map((recipient) =>
    fieldGroup([
      ['Original-Recipient', recipient.originalRecipient?.replace(/^([\w-]+);\s*/, '$1; ')],
      [
        'Final-Recipient',
        `${isAscii(Buffer.from(recipient.finalRecipient)) ? 'rfc822' : 'utf-8'}; ${recipient.finalRecipient}`,
      ],
      ['Action', recipient.action],
      ['Status', recipient.status],
      ['Remote-MTA', recipient.remoteMta === undefined ? undefined : `dns; ${recipient.remoteMta}`],
      ['Diagnostic-Code', recipient.diagnostic === undefined ? undefined : `smtp; ${recipient.diagnostic}`],
      ['Last-Attempt-Date', recipient.lastAttemptAt === undefined ? undefined : formatDate(recipient.lastAttemptAt)],
      ['Will-Retry-Until', recipient.willRetryUntil === undefined ? undefined : formatDate(recipient.willRetryUntil)],
    ]),
  );
  return [message, ...recipients].join('\r\n');
}

function fieldGroup(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  return fields.map(([name, value]) => (value === undefined ? '' : headerField(name, value))).join('');
}

function isAscii(bytes: Buffer): boolean {
  return !/[^\0-\x7f]/.test(bytes.toString('latin1'));
}
