import {
  type Delivery,
  type DeliveryOutcome,
  type DeliveryTarget,
  type MailStore,
  MailStoreError,
  type StagedMessage,
} from '#mailstore/api';
import type { RecipientRoute } from '#protocol/handover';
import {
  type MessageBytes,
  refuse,
  returnPathHeader,
  type SmtpBackend,
  type SmtpPath,
  type SmtpPeer,
  type SmtpReply,
  type SmtpTransaction,
  smtpReply,
} from '#protocol/smtp';
import { type ByteStream, type Clock, type Logger, present, type RequestContext, systemContext } from '#stdx';
import {
  type DeliveryPlan,
  type PlannedRecipient,
  queueEntry,
  readOrigin,
  readRoute,
  storeAt,
  type Volumes,
} from './plan.ts';
import { type ReceiptOptions, sendReceipt, wantsReceipt } from './receipts.ts';
import type { SieveDeliveryOptions } from './sieve/settings.ts';
import { deliveriesOf, SieveDelivery, type StagedDisposition } from './sieve/sieve-delivery.ts';
import { outcomeReply, storeErrorReply } from './store-replies.ts';

const SENDER_OK = smtpReply(250, '2.1.0', 'OK');
const RECIPIENT_OK = smtpReply(250, '2.1.5', 'OK');
const QUEUED = smtpReply(250, '2.0.0', 'Queued');

export interface NodeDeliveryOptions {
  /** The volumes this node owns at this moment. */
  readonly volumes: Volumes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sends the receipts that NOTIFY=SUCCESS asks for; without it nobody is told of a delivery. */
  readonly receipts?: ReceiptOptions;
  /** Runs the accounts' active scripts; without it all mail goes to the inbox. */
  readonly sieve?: SieveDeliveryOptions;
}

/**
 * What a node does with a message from a hub: every recipient who lives on the volume, by his script if he has one, and a
 * queue entry for each who does not, in one durable commit. Laws:
 * - one volume a transaction; a ROUTE or ORIGIN for another owner or epoch is answered STALE before any byte is read;
 * - a positive reply is sent only after the commit is durable.
 */
export class NodeDelivery implements SmtpBackend {
  private readonly plans = new WeakMap<SmtpTransaction, DeliveryPlan>();
  private readonly recipients = new WeakMap<SmtpPath, PlannedRecipient>();

  private readonly sieve: SieveDelivery | null;

  constructor(private readonly options: NodeDeliveryOptions) {
    const { sieve, clock, logger } = options;
    this.sieve = sieve ? new SieveDelivery(sieve, clock, logger) : null;
  }

  async mail(_peer: SmtpPeer, transaction: SmtpTransaction): Promise<SmtpReply> {
    const parameter = transaction.reversePath.parameters.get('ORIGIN');
    if (!parameter) {
      this.plans.set(transaction, { origin: null, store: null });
      return SENDER_OK;
    }
    const origin = readOrigin(parameter);
    const store = storeAt(this.options.volumes, origin.volumeId, origin.epoch);
    if (isReply(store)) return store;
    this.plans.set(transaction, { origin, store });
    return SENDER_OK;
  }

  async rcpt(_peer: SmtpPeer, transaction: SmtpTransaction, forwardPath: SmtpPath): Promise<SmtpReply> {
    const plan = present(this.plans.get(transaction), 'delivery plan');
    const parameter = forwardPath.parameters.get('ROUTE');
    if (!parameter) {
      if (!plan.origin) refuse(550, '5.7.1', 'Without ORIGIN every recipient needs a ROUTE');
      const entry = queueEntry(transaction.reversePath, forwardPath, plan.origin.partnerId);
      this.recipients.set(forwardPath, { kind: 'queue', entry });
      return RECIPIENT_OK;
    }
    const route = readRoute(parameter);
    const store = storeAt(this.options.volumes, route.volumeId, route.epoch);
    if (isReply(store)) return store;
    if (plan.store && plan.store !== store) refuse(501, '5.5.4', 'One volume to a transaction');
    plan.store = store;
    this.recipients.set(forwardPath, { kind: 'local', route });
    return RECIPIENT_OK;
  }

  async data(
    _peer: SmtpPeer,
    transaction: SmtpTransaction,
    bytes: MessageBytes,
  ): Promise<SmtpReply | readonly SmtpReply[]> {
    const plan = present(this.plans.get(transaction), 'delivery plan');
    const store = present(plan.store, 'volume of the transaction');
    const recipients = transaction.forwardPaths.map((path) => present(this.recipients.get(path), 'planned recipient'));
    try {
      return await this.deliver(store, transaction, plan, recipients, bytes);
    } catch (error) {
      if (!(error instanceof MailStoreError)) throw error;
      const reply = storeErrorReply(error.code, store.volumeId);
      this.options.logger.warn({ err: error, transaction: this.traceId(transaction, plan) }, 'store refused a message');
      return reply;
    }
  }

  private async deliver(
    store: MailStore,
    transaction: SmtpTransaction,
    plan: DeliveryPlan,
    recipients: readonly PlannedRecipient[],
    bytes: MessageBytes,
  ): Promise<readonly SmtpReply[]> {
    const header = Buffer.from(returnPathHeader(transaction.reversePath.address));
    const message = await store.stage(bytes.whole ? Buffer.concat([header, bytes.whole]) : prefixed(header, bytes));
    const context = systemContext('delivery', this.traceId(transaction, plan));
    const accounts: AccountDelivery[] = [];
    try {
      await this.decide({ store, message, context }, transaction, plan, recipients, accounts);
      const deliveries = deliveriesOf(
        message,
        this.options.clock.now(),
        accounts.flatMap(({ route, disposition }) => (disposition ? [] : [target(route)])),
        recipients.flatMap((recipient) => (recipient.kind === 'queue' ? [recipient.entry] : [])),
        accounts.flatMap(({ disposition }) => disposition ?? []),
      );
      const outcomes = deliveries.length > 0 ? await store.deliverAll(context, deliveries) : [];
      const results = outcomesByAccount(deliveries, outcomes);
      const replies = recipients.map((recipient) =>
        recipient.kind === 'queue' ? QUEUED : replyOf(recipient.route, accounts, results, message.size),
      );
      await this.sendReceipts(store, transaction, plan, recipients, replies, message);
      return replies;
    } finally {
      message.discard();
      for (const { disposition } of accounts) for (const extra of disposition?.extras ?? []) extra.message.discard();
    }
  }

  /** Two recipients may come to one account (aliases): it gets one copy, by one run of its script, and both get its outcome. */
  private async decide(
    what: { readonly store: MailStore; readonly message: StagedMessage; readonly context: RequestContext },
    { reversePath, forwardPaths }: SmtpTransaction,
    plan: DeliveryPlan,
    recipients: readonly PlannedRecipient[],
    accounts: AccountDelivery[],
  ): Promise<void> {
    const clientAddress = plan.origin?.clientAddress ?? '';
    const met = new Set<string>();
    for (const [index, recipient] of recipients.entries()) {
      if (recipient.kind !== 'local' || met.has(recipient.route.accountId)) continue;
      const { route } = recipient;
      met.add(route.accountId);
      const forwardPath = present(forwardPaths[index], 'path of a recipient');
      const delivery = { ...what, route, reversePath, forwardPath, clientAddress };
      accounts.push({ route, disposition: await this.sieve?.decide(delivery) });
    }
  }

  /** The message is safe by now: a receipt that cannot be sent is logged, and refuses nobody. */
  private async sendReceipts(
    store: MailStore,
    transaction: SmtpTransaction,
    plan: DeliveryPlan,
    recipients: readonly PlannedRecipient[],
    replies: readonly SmtpReply[],
    message: StagedMessage,
  ): Promise<void> {
    const { receipts, clock, logger } = this.options;
    const told = transaction.forwardPaths.flatMap((path, index) => {
      const reply = present(replies[index], 'reply to a recipient');
      return recipients[index]?.kind === 'local' && wantsReceipt(transaction, path, reply) ? [{ path, reply }] : [];
    });
    const payer = recipients.find((recipient) => recipient.kind === 'local')?.route.partnerId;
    if (!receipts || told.length === 0 || payer === undefined) return;
    const partnerId = plan.origin?.partnerId ?? payer;
    const context = systemContext('delivery', this.traceId(transaction, plan));
    try {
      await sendReceipt(
        store,
        context,
        { transaction, message, recipients: told, partnerId, at: clock.now() },
        receipts,
      );
    } catch (error) {
      logger.warn({ err: error, transaction: context.requestId }, 'receipt could not be queued');
    }
  }

  private traceId(transaction: SmtpTransaction, plan: DeliveryPlan): string {
    return plan.origin?.transactionId ?? transaction.id;
  }
}

const isReply = (value: MailStore | SmtpReply): value is SmtpReply => 'code' in value;

/** What becomes of a message at one account; without disposition it goes to the inbox. */
interface AccountDelivery {
  readonly route: RecipientRoute;
  readonly disposition: StagedDisposition | undefined;
}

/** An account's targets stand or fall together: any of them speaks for all. */
function outcomesByAccount(
  deliveries: readonly Delivery[],
  outcomes: readonly (readonly DeliveryOutcome[])[],
): ReadonlyMap<string, DeliveryOutcome> {
  const results = new Map<string, DeliveryOutcome>();
  for (const [index, { targets }] of deliveries.entries())
    for (const [place, { account }] of targets.entries())
      results.set(account.accountId, present(outcomes[index]?.[place], 'outcome of a target'));
  return results;
}

const target = ({ accountId, email, partnerId, quotaBytes }: RecipientRoute): DeliveryTarget => ({
  account: { accountId, email, partnerId, quotaBytes },
});

function replyOf(
  { accountId, quotaBytes }: RecipientRoute,
  accounts: readonly AccountDelivery[],
  outcomes: ReadonlyMap<string, DeliveryOutcome>,
  messageBytes: number,
): SmtpReply {
  const refusal = accounts.find(({ route }) => route.accountId === accountId)?.disposition?.refusal;
  if (refusal) return refusal;
  // A script that stores it nowhere has taken it all the same.
  return outcomeReply(outcomes.get(accountId) ?? 'taken', messageBytes, quotaBytes);
}

async function* prefixed(header: Buffer, bytes: ByteStream): ByteStream {
  yield header;
  yield* bytes;
}
