import { type Delivery, type MailStore, MailStoreError } from '#mailstore/api';
import { buildDsn, type DsnFacts, needsSmtputf8, parseXtext } from '#protocol/smtp';
import { asBuffer, type Clock, type Random } from '#stdx';
import { withoutReturnPath } from './outbound-message.ts';
import type { QueueSettings } from './settings.ts';
import type { Notice } from './settlement.ts';

export interface NoticeOptions {
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: QueueSettings;
}

/**
 * The delivery status notification of a notice, staged in the store and on its way back: an entry of the same queue with
 * the null reverse-path. The caller commits it with the removal it speaks of, and discards the staged message after.
 */
export async function noticeDelivery(store: MailStore, notice: Notice, options: NoticeOptions): Promise<Delivery> {
  const facts = await dsnFacts(store, notice, options);
  const message = await store.stage(buildDsn(facts));
  return {
    message,
    receivedAt: options.clock.now(),
    targets: [],
    queue: [
      {
        reversePath: '',
        forwardPath: notice.entry.reversePath,
        partnerId: notice.entry.partnerId,
        metered: false,
        parameters: { BODY: '8BITMIME', ...(needsSmtputf8(facts) ? { SMTPUTF8: '' } : {}) },
      },
    ],
  };
}

async function dsnFacts(
  store: MailStore,
  { action, entry, recipients }: Notice,
  options: NoticeOptions,
): Promise<DsnFacts> {
  const { hostname, clock, random, settings } = options;
  const envelopeId = entry.parameters['ENVID'];
  const decoded = envelopeId === undefined ? null : parseXtext(envelopeId);
  return {
    action,
    recipients,
    to: entry.reversePath,
    hostname,
    messageId: `${random.uuid()}@${hostname}`,
    boundary: `dsn-${random.uuid()}`,
    ...(decoded === null ? {} : { envelopeId: decoded }),
    at: clock.now(),
    arrivedAt: entry.createdAt,
    original: await original(store, entry.blobId, entry.size, {
      // RFC 3461 §4.3: RET speaks of failures; for anything else the header is enough.
      whole: action === 'failed' && entry.parameters['RET']?.toUpperCase() === 'FULL',
      bytesMax: settings.returnBytesMax,
    }),
  };
}

async function original(
  store: MailStore,
  blobId: string,
  size: number,
  wanted: { readonly whole: boolean; readonly bytesMax: number },
): Promise<DsnFacts['original']> {
  const bytes = withoutReturnPath(await beginning(store, blobId, Math.min(size, wanted.bytesMax)));
  if (wanted.whole && size <= wanted.bytesMax) return { bytes, whole: true };
  const end = bytes.indexOf('\r\n\r\n');
  // A header longer than the limit is cut after its last whole line.
  return { bytes: bytes.subarray(0, end >= 0 ? end + 2 : bytes.lastIndexOf('\n') + 1), whole: false };
}

/** A message whose bytes are damaged still gets its notice. */
async function beginning(store: MailStore, blobId: string, end: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of store.read(blobId, 0, end)) pieces.push(asBuffer(piece));
  } catch (error) {
    if (!(error instanceof MailStoreError) || error.code !== 'corrupt') throw error;
  }
  return Buffer.concat(pieces);
}
