import { type MailStore, MailStoreError, type QueueEntry } from '#mailstore/api';
import { type Clock, type RequestContext } from '#stdx';
import { deferredOutcome } from './outcome.ts';
import type { AttemptOutcome, Destination } from './ports.ts';

/** Stores a queued message in an account of this very volume: a bounce, or mail for an account that moved here. */
export async function deliverLocally(
  store: MailStore,
  context: RequestContext,
  clock: Clock,
  entry: QueueEntry,
  { account }: Extract<Destination, { kind: 'local' }>,
): Promise<AttemptOutcome> {
  try {
    const message = await store.stage(store.read(entry.blobId));
    try {
      const [outcome] = await store.deliver(context, {
        message,
        receivedAt: clock.now(),
        targets: [{ account }],
        queue: [],
      });
      if (outcome?.ok) return { kind: 'delivered', dsnHandedOn: false, diagnostic: '250 2.1.5 Delivered' };
      return deferredOutcome('4.2.2', 'mailbox full');
    } finally {
      message.discard();
    }
  } catch (error) {
    if (!(error instanceof MailStoreError)) throw error;
    return deferredOutcome('4.3.0', `mail store: ${error.code}`);
  }
}
