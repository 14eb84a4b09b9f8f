import type { MailStore, StagedMessage } from '#mailstore/api';
import {
  buildDsn,
  type DsnFacts,
  formatReply,
  needsSmtputf8,
  parseNotify,
  parseXtext,
  type SmtpPath,
  type SmtpReply,
  type SmtpTransaction,
} from '#protocol/smtp';
import { asBuffer, type Random, type RequestContext } from '#stdx';

/** Bytes of the original in which its header must end to be returned whole. */
const HEADER_BYTES_MAX = 50_000;

/** Who speaks in receipts. */
export interface ReceiptOptions {
  readonly hostname: string;
  readonly random: Random;
}

export interface ReceiptFacts {
  readonly transaction: SmtpTransaction;
  readonly message: StagedMessage;
  /** Recipients stored here, with what they were answered. */
  readonly recipients: readonly { readonly path: SmtpPath; readonly reply: SmtpReply }[];
  readonly partnerId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Recipients who are to be told of: RFC 3461 §4.1 NOTIFY=SUCCESS. A null reverse-path is told nothing (RFC 5321 §4.5.5). */
export function wantsReceipt(transaction: SmtpTransaction, path: SmtpPath, reply: SmtpReply): boolean {
  const notify = path.parameters.get('NOTIFY');
  return (
    reply.code < 300 && transaction.reversePath.address !== '' && !!notify && parseNotify(notify)?.success === true
  );
}

/** Queues a `delivered` notification (RFC 3464) to the sender. The message it speaks of is already durable. */
export async function sendReceipt(
  store: MailStore,
  context: RequestContext,
  facts: ReceiptFacts,
  options: ReceiptOptions,
): Promise<void> {
  const dsn = await dsnFacts(store, facts, options);
  const message = await store.stage(buildDsn(dsn));
  try {
    await store.deliver(context, {
      message,
      receivedAt: facts.at,
      targets: [],
      queue: [
        {
          reversePath: '',
          forwardPath: dsn.to,
          partnerId: facts.partnerId,
          parameters: { BODY: '8BITMIME', ...(needsSmtputf8(dsn) ? { SMTPUTF8: '' } : {}) },
        },
      ],
    });
  } finally {
    message.discard();
  }
}

async function dsnFacts(
  store: MailStore,
  facts: ReceiptFacts,
  { hostname, random }: ReceiptOptions,
): Promise<DsnFacts> {
  const { reversePath } = facts.transaction;
  const envelopeId = parseXtext(reversePath.parameters.get('ENVID') ?? '');
  return {
    action: 'delivered',
    recipients: facts.recipients.map(({ path, reply }) => {
      const originalRecipient = path.parameters.get('ORCPT');
      return {
        forwardPath: path.address,
        status: '2.0.0',
        diagnostic: formatReply(reply),
        ...(originalRecipient ? { originalRecipient } : {}),
      };
    }),
    to: reversePath.address,
    hostname,
    messageId: `${random.uuid()}@${hostname}`,
    boundary: `dsn-${random.uuid()}`,
    ...(envelopeId ? { envelopeId } : {}),
    at: facts.at,
    arrivedAt: facts.at,
    original: { bytes: await header(store, facts.message), whole: false },
  };
}

/** The header as it came: our own Return-Path is its first line. */
async function header(store: MailStore, { blobId, size }: StagedMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of store.read(blobId, 0, Math.min(size, HEADER_BYTES_MAX))) pieces.push(asBuffer(piece));
  const bytes = Buffer.concat(pieces);
  const end = bytes.indexOf('\r\n\r\n');
  return bytes.subarray(bytes.indexOf('\n') + 1, end >= 0 ? end + 2 : bytes.lastIndexOf('\n') + 1);
}
