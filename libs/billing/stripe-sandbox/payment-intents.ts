import { declined, invalid } from './failure.ts';
import { type Form, textOf } from './form.ts';
import type { ObjectStore, StripeObject } from './store.ts';
import { isTestMethod, TEST_METHODS } from './test-methods.ts';

/** The states of a PaymentIntent, as far as off-session charges meet them. */
export class PaymentIntents {
  constructor(
    private readonly store: ObjectStore,
    private readonly announce: (type: string, object: StripeObject) => void,
  ) {}

  create(form: Form): StripeObject {
    const customer = this.store.get(textOf(form, 'customer') ?? '', 'customer');
    const method = this.store.get(textOf(form, 'payment_method') ?? '', 'payment_method');
    if (method['customer'] !== customer.id)
      throw invalid('The payment method is not of this customer.', 'payment_method');
    const amount = Number(textOf(form, 'amount'));
    // Half a euro or dollar: docs.stripe.com/currencies, minimum charge amounts.
    if (amount < 50 && /^(eur|usd)$/.test(textOf(form, 'currency') ?? ''))
      throw invalid('Amount must be at least 50 cents', 'amount');
    const intent = this.store.make('pi', 'payment_intent', {
      amount,
      amount_received: 0,
      currency: textOf(form, 'currency'),
      customer: customer.id,
      description: textOf(form, 'description') ?? null,
      last_payment_error: null,
      metadata: form['metadata'] ?? {},
      payment_method: method.id,
      status: 'requires_confirmation',
    });
    intent['client_secret'] = `${intent.id}_secret_sandbox`;
    this.announce('payment_intent.created', intent);
    return textOf(form, 'confirm') === 'true' ? this.confirm(intent) : intent;
  }

  cancel(id: string): StripeObject {
    const intent = this.store.get(id, 'payment_intent');
    const { status } = intent;
    if (status === 'succeeded' || status === 'canceled' || status === 'processing')
      throw invalid(`You cannot cancel this PaymentIntent because it has a status of ${String(status)}.`);
    return this.become(intent, 'canceled');
  }

  /** What the world does: a debit is paid or bounces, a customer passes the bank's question or does not. */
  conclude(id: string, outcome: 'succeeded' | 'failed'): StripeObject {
    const intent = this.store.get(id, 'payment_intent');
    if (outcome === 'succeeded') return this.succeed(intent);
    intent['last_payment_error'] = {
      type: 'card_error',
      code: 'payment_intent_payment_attempt_failed',
      message: 'The payment failed.',
    };
    return this.become(intent, 'requires_payment_method', 'payment_intent.payment_failed');
  }

  private confirm(intent: StripeObject): StripeObject {
    const method = this.store.get(String(intent['payment_method']), 'payment_method');
    const name = String(method['test_method']);
    const outcome = isTestMethod(name) ? TEST_METHODS[name].outcome : 'succeeded';
    if (outcome === 'succeeded') return this.succeed(intent);
    if (outcome === 'processing') return this.become(intent, 'processing');
    const [code, message] =
      outcome === 'declined'
        ? ['card_declined', 'Your card was declined.']
        : ['authentication_required', 'This payment requires authentication.'];
    intent['last_payment_error'] = {
      type: 'card_error',
      code,
      ...(code === 'card_declined' ? { decline_code: 'generic_decline' } : {}),
      message,
    };
    this.become(intent, 'requires_payment_method', 'payment_intent.payment_failed');
    throw declined(code, message, { ...intent });
  }

  private succeed(intent: StripeObject): StripeObject {
    intent['amount_received'] = intent['amount'];
    intent['last_payment_error'] = null;
    return this.become(intent, 'succeeded');
  }

  private become(intent: StripeObject, status: string, event = `payment_intent.${status}`): StripeObject {
    intent['status'] = status;
    this.announce(event, intent);
    return intent;
  }
}
