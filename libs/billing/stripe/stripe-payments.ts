import Stripe from 'stripe';
import type {
  ChargeRequest,
  ChargeState,
  ChargeStatus,
  PayingPartner,
  PaymentProvider,
  RefundRequest,
  RefundState,
  SavedMethod,
  SetupSession,
} from '#billing/api';
import { PaymentProviderUnavailableError, PaymentRefusedError } from '#billing/api';
import { present } from '#stdx';
import { fromStripe, toStripe } from './stripe-amount.ts';
import { type StripeSettings, stripeClient } from './stripe-client.ts';
import { asked, isReplayedFailure } from './stripe-errors.ts';

/** Intents looked at to find one again; a customer is charged a few times a month. */
const INTENTS_SEARCHED_MAX = 1_000;

/**
 * Charges by PaymentIntents off session. Before anything is made, it is looked for by its metadata: Stripe's idempotency keys
 * are kept for a day only, and give an old failure again.
 */
export class StripePayments implements PaymentProvider {
  private readonly stripe: Stripe;

  constructor(settings: StripeSettings) {
    this.stripe = stripeClient(settings);
  }

  async customer({ partnerId, name, email }: PayingPartner): Promise<string> {
    const found = await asked(() =>
      this.stripe.customers.search({ query: `metadata['partner_id']:'${partnerId}'`, limit: 1 }),
    );
    if (found.data[0]) return found.data[0].id;
    const made = await asked(() =>
      this.stripe.customers.create(
        { name, metadata: { partner_id: partnerId }, ...(email === null ? {} : { email }) },
        { idempotencyKey: `customer_${partnerId}` },
      ),
    );
    return made.id;
  }

  async beginSetup(customerId: string): Promise<SetupSession> {
    const intent = await asked(() =>
      this.stripe.setupIntents.create({
        customer: customerId,
        usage: 'off_session',
        automatic_payment_methods: { enabled: true },
      }),
    );
    return { id: intent.id, clientSecret: present(intent.client_secret, 'client secret') };
  }

  async methods(customerId: string): Promise<SavedMethod[]> {
    const list = await asked(() => this.stripe.paymentMethods.list({ customer: customerId, limit: 100 }));
    return list.data.map((method) => ({ id: method.id, kind: method.type, label: labelOf(method) }));
  }

  async methodOwner(methodId: string): Promise<string | undefined> {
    const { customer } = await asked(() => this.stripe.paymentMethods.retrieve(methodId));
    return idOf(customer);
  }

  async detachMethod(methodId: string): Promise<void> {
    await asked(() => this.stripe.paymentMethods.detach(methodId));
  }

  async charge(request: ChargeRequest): Promise<ChargeState> {
    const found = await this.find(request);
    if (found) return stateOf(found);
    try {
      return stateOf(await this.create(request));
    } catch (error) {
      const declined = intentOf(error);
      if (declined) return stateOf(declined);
      // The answer may be lost and the charge made all the same.
      const made = error instanceof Stripe.errors.StripeError ? await this.find(request) : undefined;
      if (made) return stateOf(made);
      if (isReplayedFailure(error))
        throw new PaymentRefusedError(
          'provider_error',
          'the provider failed at this charge; another attempt is needed',
        );
      return asked(() => Promise.reject(error));
    }
  }

  async lookUp(externalId: string): Promise<ChargeState> {
    return stateOf(await asked(() => this.stripe.paymentIntents.retrieve(externalId)));
  }

  async cancel(externalId: string): Promise<ChargeState> {
    try {
      return stateOf(await asked(() => this.stripe.paymentIntents.cancel(externalId)));
    } catch (error) {
      // It may have succeeded meanwhile: what it is now counts.
      if (error instanceof PaymentRefusedError) return this.lookUp(externalId);
      throw error;
    }
  }

  async refund(request: RefundRequest): Promise<RefundState> {
    const found = await this.findRefund(request);
    if (found) return refundState(found);
    try {
      return refundState(await this.createRefund(request));
    } catch (error) {
      // The answer may be lost and the refund made all the same.
      const made = error instanceof Stripe.errors.StripeError ? await this.findRefund(request) : undefined;
      return made ? refundState(made) : asked(() => Promise.reject(error));
    }
  }

  async lookUpRefund(externalId: string): Promise<RefundState> {
    return refundState(await asked(() => this.stripe.refunds.retrieve(externalId)));
  }

  private createRefund({ refundId, invoiceId, partnerId, chargeId, ...rest }: RefundRequest): Promise<Stripe.Refund> {
    return this.stripe.refunds.create(
      {
        payment_intent: chargeId,
        amount: toStripe(rest.minor, rest.currency),
        reason: 'requested_by_customer',
        metadata: { refund_id: refundId, invoice_id: invoiceId, partner_id: partnerId },
      },
      { idempotencyKey: `re_${refundId}` },
    );
  }

  private async findRefund({ chargeId, refundId }: RefundRequest): Promise<Stripe.Refund | undefined> {
    const refunds = await asked(() =>
      this.stripe.refunds
        .list({ payment_intent: chargeId, limit: 100 })
        .autoPagingToArray({ limit: INTENTS_SEARCHED_MAX }),
    );
    return refunds.find(({ metadata }) => metadata?.['refund_id'] === refundId);
  }

  private create({ invoiceId, attempt, partnerId, ...rest }: ChargeRequest): Promise<Stripe.PaymentIntent> {
    return this.stripe.paymentIntents.create(
      {
        amount: toStripe(rest.minor, rest.currency),
        currency: rest.currency.toLowerCase(),
        customer: rest.customerId,
        payment_method: rest.methodId,
        off_session: true,
        confirm: true,
        description: rest.description,
        metadata: { invoice_id: invoiceId, attempt: String(attempt), partner_id: partnerId },
      },
      { idempotencyKey: `pi_${invoiceId}_${attempt}` },
    );
  }

  /** Lists are consistent at once; search may lag by a minute. */
  private async find({ customerId, invoiceId, attempt }: ChargeRequest): Promise<Stripe.PaymentIntent | undefined> {
    const intents = await asked(() =>
      this.stripe.paymentIntents
        .list({ customer: customerId, limit: 100 })
        .autoPagingToArray({ limit: INTENTS_SEARCHED_MAX }),
    );
    return intents.find(
      ({ metadata }) => metadata['invoice_id'] === invoiceId && metadata['attempt'] === String(attempt),
    );
  }
}

/** A declined charge comes as an error that carries its intent. */
function intentOf(error: unknown): Stripe.PaymentIntent | undefined {
  return error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined;
}

function stateOf(intent: Stripe.PaymentIntent): ChargeState {
  const { invoice_id: invoiceId, attempt } = intent.metadata;
  if (invoiceId === undefined || attempt === undefined)
    throw new PaymentRefusedError('not_ours', `${intent.id} is no charge of an invoice of ours`);
  const problem = intent.last_payment_error;
  const status = statusOf(intent);
  return {
    externalId: intent.id,
    invoiceId,
    attempt: Number(attempt),
    status,
    received: status === 'succeeded' ? fromStripe(intent.amount_received, intent.currency) : 0n,
    currency: intent.currency.toUpperCase(),
    failure: problem
      ? { code: problem.decline_code ?? problem.code ?? problem.type, reason: problem.message ?? 'declined' }
      : null,
    clientSecret: status === 'actionNeeded' ? intent.client_secret : null,
  };
}

function statusOf({ status, last_payment_error: problem }: Stripe.PaymentIntent): ChargeStatus {
  switch (status) {
    case 'succeeded':
      return 'succeeded';
    case 'processing':
      return 'processing';
    case 'canceled':
      return 'canceled';
    case 'requires_action':
    case 'requires_confirmation':
      return 'actionNeeded';
    case 'requires_payment_method':
      // Off session the bank's wish to see the customer comes as a decline; the customer can still confirm the intent.
      return problem?.code === 'authentication_required' ? 'actionNeeded' : 'failed';
    default:
      throw new PaymentProviderUnavailableError(`a charge in the unknown state ${status}`);
  }
}

/** docs.stripe.com/refunds: pending until the bank has it; requires_action waits for the customer's bank details. */
function refundState(refund: Stripe.Refund): RefundState {
  const refundId = refund.metadata?.['refund_id'];
  if (refundId === undefined)
    throw new PaymentRefusedError('not_ours', `${refund.id} is no refund of ours: it was made at the provider by hand`);
  const ended = refund.status === 'failed' || refund.status === 'canceled';
  return {
    externalId: refund.id,
    refundId,
    status: refund.status === 'succeeded' ? 'succeeded' : ended ? 'failed' : 'processing',
    failure: ended ? (refund.failure_reason ?? refund.status) : null,
  };
}

const idOf = (object: string | { readonly id: string } | null): string | undefined =>
  typeof object === 'string' ? object : object?.id;

function labelOf({ type, card, sepa_debit }: Stripe.PaymentMethod): string {
  if (card) return `${card.brand} •••• ${card.last4}, ${String(card.exp_month).padStart(2, '0')}/${card.exp_year}`;
  if (sepa_debit) return `SEPA •••• ${sepa_debit.last4 ?? ''}`;
  return type;
}
