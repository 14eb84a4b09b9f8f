import { buildReport } from '#protocol/message';
import { formatReply, type SmtpReply } from '#protocol/smtp';
import type { Random } from '#stdx';

export interface BounceFacts {
  /** Ours. */
  readonly hostname: string;
  /** The reverse-path of the message, who gets the bounce. */
  readonly to: string;
  readonly transactionId: string;
  /** ENVID of the message's MAIL, as sent. */
  readonly envelopeId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly failed: readonly { readonly address: string; readonly reply: SmtpReply }[];
  /** The header of the message. */
  readonly header: Buffer;
}

/** Of the header, so much is returned. */
const HEADER_BYTES_MAX = 32_768;

/** What the sender of a message is told that some got and some did not: RFC 3464. To be sent with the null reverse-path. */
export function bounceMessage(facts: BounceFacts, random: Random): Buffer {
  const { hostname, to, transactionId, envelopeId, at, failed, header } = facts;
  const text = [
    'Your message was delivered, but not to everybody. It was not delivered to:',
    '',
    ...failed.flatMap(({ address, reply }) => [`  ${address}`, `    ${formatReply(reply)}`]),
    '',
    'It will not be tried again. The header of your message is below.',
    '',
  ];
  return buildReport(
    {
      from: `Mail Delivery System <mailer-daemon@${hostname}>`,
      to,
      subject: 'Undelivered mail',
      messageId: `<bounce.${transactionId}@${hostname}>`,
      date: at,
      text: text.join('\n'),
      reportingMta: hostname,
      ...(envelopeId === undefined ? {} : { envelopeId }),
      arrivalDate: at,
      recipients: failed.map(({ address, reply }) => ({
        finalRecipient: address,
        action: 'failed',
        // RFC 3464 §2.3.4: what has failed for good has class 5, whatever it was called while it was thought to pass.
        status: (reply.enhanced ?? '5.0.0').replace(/^\d/, '5'),
        diagnostic: formatReply(reply),
      })),
      original: { kind: 'header', bytes: wholeLines(header) },
    },
    random,
  );
}

const wholeLines = (header: Buffer): Buffer =>
  header.length <= HEADER_BYTES_MAX ? header : header.subarray(0, header.lastIndexOf('\n', HEADER_BYTES_MAX) + 1);
