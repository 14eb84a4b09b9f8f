import { invalid, Refusal } from './failure.ts';
import { type Form, textOf } from './form.ts';
import type { ObjectStore, StripeObject } from './store.ts';

/** Refunds of PaymentIntents: never more than was received; of a debit they take their time. */
export class SandboxRefunds {
  constructor(
    private readonly store: ObjectStore,
    private readonly announce: (type: string, object: StripeObject) => void,
  ) {}

  create(form: Form): StripeObject {
    const intent = this.store.get(textOf(form, 'payment_intent') ?? '', 'payment_intent');
    if (intent['status'] !== 'succeeded') throw invalid('This PaymentIntent has no successful charge to refund.');
    const left = Number(intent['amount_received']) - this.given(intent.id);
    const amount = Number(textOf(form, 'amount') ?? left);
    if (left <= 0)
      throw new Refusal(400, {
        type: 'invalid_request_error',
        code: 'charge_already_refunded',
        message: 'The charge has already been refunded.',
      });
    if (!(amount > 0) || amount > left)
      throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, 'amount');
    const method = this.store.get(String(intent['payment_method']), 'payment_method');
    const isAtOnce = method['type'] === 'card';
    const refund = this.store.make('re', 'refund', {
      amount,
      currency: intent['currency'],
      payment_intent: intent.id,
      metadata: form['metadata'] ?? {},
      reason: textOf(form, 'reason') ?? null,
      status: isAtOnce ? 'succeeded' : 'pending',
    });
    this.announce('refund.created', refund);
    return refund;
  }

  /** What the bank does with a refund. */
  conclude(id: string, outcome: 'succeeded' | 'failed'): void {
    const refund = this.store.get(id, 'refund');
    refund['status'] = outcome;
    if (outcome === 'failed') refund['failure_reason'] = 'lost_or_stolen_card';
    this.announce(outcome === 'failed' ? 'refund.failed' : 'refund.updated', refund);
  }

  private given(intentId: string): number {
    return this.store
      .list('refund', (one) => one['payment_intent'] === intentId && one['status'] !== 'failed')
      .reduce((sum, { amount }) => sum + Number(amount), 0);
  }
}
