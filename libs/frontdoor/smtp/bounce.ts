import { mailDate, replyText, type SmtpReply } from '#protocol/smtp';

export interface BounceFacts {
  /** Ours. */
  readonly hostname: string;
  /** The reverse-path of the message, who gets the bounce. */
  readonly to: string;
  readonly transactionId: string;
  /** ENVID of the message's MAIL, as sent. */
  readonly envelopeId: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Not in any of the parts: random. */
  readonly boundary: string;
  readonly failed: readonly { readonly address: string; readonly reply: SmtpReply }[];
  /** The header of the message, CRLF lines. */
  readonly header: Buffer;
}

/** Of the header, so much is returned. */
const HEADER_BYTES_MAX = 32_768;

/** A delivery status notification: RFC 3464 in RFC 6522's multipart/report. Sent with the null reverse-path. */
export function bounceMessage(facts: BounceFacts): Buffer {
  const { hostname, boundary, at, transactionId } = facts;
  const lines = [
    `From: Mail delivery <mailer-daemon@${hostname}>`,
    `To: <${facts.to}>`,
    'Subject: Undelivered mail',
    `Date: ${mailDate(at)}`,
    `Message-ID: <bounce.${transactionId}@${hostname}>`,
    // RFC 3834 §5: nobody's vacation answers this.
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Your message was delivered, but not to everybody. It was not delivered to:',
    '',
    ...facts.failed.flatMap(({ address, reply }) => [`  ${address}`, `    ${diagnostic(reply)}`]),
    '',
    'It will not be tried again. The header of your message is below.',
    '',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${hostname}`,
    ...(facts.envelopeId === null ? [] : [`Original-Envelope-Id: ${facts.envelopeId}`]),
    `Arrival-Date: ${mailDate(at)}`,
    ...facts.failed.flatMap(({ address, reply }) => [
      '',
      `Final-Recipient: ${addressType(address)}`,
      'Action: failed',
      `Status: ${permanent(reply)}`,
      `Diagnostic-Code: smtp; ${diagnostic(reply)}`,
    ]),
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    'Content-Transfer-Encoding: 8bit',
    '',
  ];
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n`),
    wholeLines(facts.header),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

/** No line of it may end one of ours early. */
const diagnostic = (reply: SmtpReply): string =>
  `${reply.code} ${reply.enhanced ?? ''} ${replyText(reply)}`.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 400);

/** RFC 3464 §2.3.4: what failed for good has class 5, whatever its cause was called while it was thought to pass. */
const permanent = (reply: SmtpReply): string => (reply.enhanced ?? '5.0.0').replace(/^\d/, '5');

/** RFC 3464 §2.3.2; RFC 6533 §3 for addresses that are not ASCII. */
const addressType = (address: string): string =>
  /[^\x00-\x7f]/.test(address) ? `utf-8; ${address}` : `rfc822; ${address}`;

function wholeLines(header: Buffer): Buffer {
  if (header.length <= HEADER_BYTES_MAX) return header;
  return header.subarray(0, header.lastIndexOf('\n', HEADER_BYTES_MAX) + 1);
}
