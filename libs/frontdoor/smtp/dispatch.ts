import type { AccountRoute } from '#directory/api';
import { encodeRouteParameter } from '#protocol/handover';
import { isStaleReply, type SmtpReply, smtpReply } from '#protocol/smtp';
import { type RecipientOutcome, RelayError } from '#relay';
import type { Clock, Logger } from '#stdx';
import type { NodeLanes } from '../routing/node-lanes.ts';
import type { RoutingMap, VolumeOwner } from '../routing/routing-map.ts';
import { type Envelope, type InnerRecipient, mailParameters } from './envelope.ts';
import type { OutgoingBody } from './message-head.ts';

/** Who sends, for the inner leg's ORIGIN. */
export interface TransactionFacts {
  readonly transactionId: string;
  readonly clientAddress: string;
}

/** What the home node said of each inner recipient, or why it was not asked or did not answer. */
export type Dispatched =
  | {
      readonly kind: 'answered';
      readonly owner: VolumeOwner;
      readonly inner: readonly InnerRecipient[];
      readonly outcomes: readonly RecipientOutcome[];
    }
  | { readonly kind: 'failed'; readonly reply: SmtpReply };

/** An owner that did not take the message is tried again after this, unless there is another. */
const RETRY_MS = 200;

const NO_ROUTE = smtpReply(451, '4.3.2', 'Mail storage is being moved; try again shortly');
const LOST = smtpReply(451, '4.3.2', 'Mail storage was lost in the middle of the message; try again');

/** Not the owner (any more), or about to stop: nobody took the message (RFC 5321 §3.8). */
const isNotHere = (reply: SmtpReply): boolean => isStaleReply(reply) || reply.code === 421;

/** Brings a message to the node that owns its home volume. */
export class Dispatcher {
  constructor(
    private readonly routes: RoutingMap,
    private readonly lanes: NodeLanes,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** How long a message waits for its volume to have an owner that answers. */
    private readonly waitMs: number,
    /** Where an account lives now, whatever was remembered of it. */
    private readonly routeOf: (account: AccountRoute) => Promise<AccountRoute>,
  ) {}

  /** Tries again, while no byte of a stream is lost and nobody can have taken the message, until somebody answers or time is up. */
  async send(envelope: Envelope, body: OutgoingBody, facts: TransactionFacts): Promise<Dispatched> {
    const deadline = this.clock.monotonic() + this.waitMs;
    let failed: VolumeOwner | undefined;
    for (;;) {
      const owner = await this.nextOwner(envelope, failed, deadline - this.clock.monotonic());
      if (!owner) return { kind: 'failed', reply: NO_ROUTE };
      const answer = await this.tryOwner(owner, envelope, body, facts);
      if (answer) return answer;
      // Asked twice at one epoch: it is not the volume that moves.
      if (failed?.epoch === owner.epoch && failed.volumeId === owner.volumeId) await envelope.relocate(this.routeOf);
      failed = owner;
    }
  }

  private async nextOwner(
    envelope: Envelope,
    failed: VolumeOwner | undefined,
    remainingMs: number,
  ): Promise<VolumeOwner | undefined> {
    const volumeId = envelope.homeVolumeId ?? failed?.volumeId ?? this.anyVolume(envelope);
    if (volumeId === undefined || remainingMs <= 0) return undefined;
    if (failed?.volumeId !== volumeId) return this.routes.ownerOf(volumeId, remainingMs);
    return (
      (await this.routes.nextOwner(volumeId, failed, Math.min(RETRY_MS, remainingMs))) ??
      this.routes.ownerOf(volumeId, remainingMs - RETRY_MS)
    );
  }

  /** A message with no local recipient from nobody of ours (an alias that only leads elsewhere) rests on any volume, for one recipient on the same. */
  private anyVolume(envelope: Envelope): string | undefined {
    const serving = this.routes.serving();
    let sum = 0;
    for (const character of envelope.recipients[0]?.path.address ?? '') sum += character.charCodeAt(0);
    return serving[sum % serving.length]?.volumeId;
  }

  /** `undefined`: not taken for certain, and may be sent again. */
  private async tryOwner(
    owner: VolumeOwner,
    envelope: Envelope,
    body: OutgoingBody,
    facts: TransactionFacts,
  ): Promise<Dispatched | undefined> {
    const inner = envelope.innerRecipients(owner);
    try {
      const { recipients: outcomes } = await this.lanes.send(owner, {
        reversePath: envelope.reversePath.address,
        parameters: mailParameters(envelope.reversePath, this.origin(owner, envelope, facts), inner),
        recipients: inner.map(({ forwardPath, parameters }) => ({ forwardPath, parameters })),
        body: body.bytes,
      });
      if (body.touched || !outcomes.every(({ rcpt, final }) => isNotHere(final ?? rcpt)))
        return { kind: 'answered', owner, inner, outcomes };
      void this.routes.refresh();
    } catch (error) {
      if (body.failure !== undefined) throw body.failure;
      if (!(error instanceof RelayError)) throw error;
      const { phase, mayHaveBeenAccepted, message } = error;
      this.logger.warn(
        { transaction: facts.transactionId, node: owner.nodeName, phase, mayHaveBeenAccepted, error: message },
        'node did not take a message',
      );
      if (mayHaveBeenAccepted || body.touched) return { kind: 'failed', reply: LOST };
    }
    return undefined;
  }

  private origin(owner: VolumeOwner, envelope: Envelope, facts: TransactionFacts): string {
    return encodeRouteParameter({
      ...facts,
      volumeId: owner.volumeId,
      epoch: owner.epoch,
      partnerId: envelope.billedPartnerId ?? envelope.recipients[0]?.accounts[0]?.partnerId ?? '',
      ...(envelope.submitter ? { submitter: envelope.submitter.accountId } : {}),
    });
  }
}
