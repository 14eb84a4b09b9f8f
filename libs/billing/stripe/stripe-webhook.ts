import type Stripe from 'stripe';
import { PaymentRefusedError } from '#billing/api';
import { type StripeSettings, stripeClient } from './stripe-client.ts';

/** Age a signed delivery may have; Stripe's own default. Never 0, which the SDK takes for "any". */
const TOLERANCE_SECONDS = 300;

/** What is kept of a delivery: enough to fetch the object. */
export interface StripeNotice {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
}

/** The deliveries of one webhook endpoint. Several secrets hold at once while one is rolled. */
export class StripeWebhook {
  private readonly stripe: Stripe;

  constructor(
    settings: StripeSettings,
    private readonly secrets: readonly string[],
  ) {
    this.stripe = stripeClient(settings);
  }

  /** Reads a delivery whose signature holds; throws `PaymentRefusedError` otherwise. `body` are the bytes as they came. */
  read(body: Buffer, signature: string): StripeNotice {
    for (const secret of this.secrets) {
      const event = this.verified(body, signature, secret);
      if (!event) continue;
      const object = event.data.object as { readonly id?: string };
      return { id: event.id, type: event.type, objectId: object.id ?? '' };
    }
    throw new PaymentRefusedError('signature', 'the signature does not hold');
  }

  private verified(body: Buffer, signature: string, secret: string): Stripe.Event | undefined {
    try {
      return this.stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS);
    } catch {
      return undefined;
    }
  }
}
