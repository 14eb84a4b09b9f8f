import {
  type Delivery,
  type DeliveryTarget,
  type FailedRun,
  MailStoreError,
  type Memory,
  type NewQueueEntry,
  type StagedMessage,
} from '#mailstore/api';
import type { SmtpReply } from '#protocol/smtp';
import type { ByteStream, Clock, Logger } from '#stdx';
import { type Disposition, Dispositions } from './disposition.ts';
import type { SieveDeliveryOptions } from './settings.ts';
import { type ScriptedDelivery, SieveRun } from './sieve-run.ts';

/** What becomes of one account's message, its further messages staged. */
export interface StagedDisposition {
  readonly targets: readonly DeliveryTarget[];
  readonly extras: readonly {
    readonly message: StagedMessage;
    readonly targets: readonly DeliveryTarget[];
    readonly queue: readonly NewQueueEntry[];
  }[];
  readonly memories: readonly Memory[];
  readonly failedRuns: readonly FailedRun[];
  readonly refusal: SmtpReply | null;
}

/**
 * Runs an account's active script over its message and makes ready what follows. A script can keep nothing from the
 * account but what it says: whatever fails here ends in the inbox, with word for the owner.
 */
export class SieveDelivery {
  private readonly runs: SieveRun;
  private readonly dispositions: Dispositions;

  constructor(
    options: SieveDeliveryOptions,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.runs = new SieveRun(options, clock, logger);
    this.dispositions = new Dispositions(options, clock, this.runs.settings.redirects);
  }

  /** `undefined` when no script is active. Messages it staged are the caller's to discard. */
  async decide(delivery: ScriptedDelivery): Promise<StagedDisposition | undefined> {
    const script = delivery.store.scripts.active(delivery.route.accountId);
    if (!script) return undefined;
    const result = await this.runs.run(delivery, script);
    return this.stage(delivery, this.dispositions.of(delivery, result));
  }

  private async stage(delivery: ScriptedDelivery, disposition: Disposition): Promise<StagedDisposition> {
    const { store, message, route, context } = delivery;
    const staged: StagedMessage[] = [];
    try {
      const extras = [];
      for (const { content, targets, queue } of disposition.extras) {
        const bytes = 'whole' in content ? content.whole : withHeader(content.header, message);
        const extra = await store.stage(bytes);
        staged.push(extra);
        extras.push({ message: extra, targets, queue });
      }
      return { ...disposition, extras };
    } catch (error) {
      for (const extra of staged) extra.discard();
      // A message near the limit has no room for a longer header.
      if (!(error instanceof MailStoreError) || error.code !== 'messageTooLarge') throw error;
      this.logger.warn(
        { accountId: route.accountId, transaction: context.requestId },
        'script made a message too large',
      );
      return this.kept(delivery, 'the message would become too large');
    }
  }

  private kept({ route }: ScriptedDelivery, fault: string): StagedDisposition {
    const { accountId, email, partnerId, quotaBytes } = route;
    return {
      ...{
        targets: [{ account: { accountId, email, partnerId, quotaBytes } }],
        extras: [],
        memories: [],
        refusal: null,
      },
      failedRuns: [{ accountId, at: this.clock.now(), message: fault }],
    };
  }
}

/** The message with another header block. */
async function* withHeader(header: Buffer, message: StagedMessage): ByteStream {
  yield header;
  let skip = message.parsed.body.bodyStart;
  for await (const piece of message.bytes()) {
    if (skip < piece.length) yield piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
}

/** All of a transaction's deliveries, to be one commit: the message as it came, then what scripts made of it. */
export function deliveriesOf(
  message: StagedMessage,
  receivedAt: number,
  targets: readonly DeliveryTarget[],
  queue: readonly NewQueueEntry[],
  dispositions: readonly StagedDisposition[],
): readonly Delivery[] {
  const own: Delivery = {
    ...{ message, receivedAt, queue, targets: [...targets, ...dispositions.flatMap((each) => each.targets)] },
    memories: dispositions.flatMap(({ memories }) => memories),
    failedRuns: dispositions.flatMap(({ failedRuns }) => failedRuns),
  };
  const extras = dispositions.flatMap((each) => each.extras.map((extra) => ({ ...extra, receivedAt })));
  // Nobody wants the message as it came: its bytes are not written.
  const isUnused = own.targets.length + own.queue.length === 0;
  if (!isUnused) return [own, ...extras];
  const [first, ...more] = extras;
  if (first) return [{ ...first, memories: own.memories ?? [], failedRuns: own.failedRuns ?? [] }, ...more];
  return own.memories?.length || own.failedRuns?.length ? [own] : [];
}
