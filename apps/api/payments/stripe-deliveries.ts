import { PaymentRefusedError } from '#billing/api';
import type { ProviderEvents } from '#billing/postgres';
import type { StripeWebhook } from '#billing/stripe';
import { RefusalError } from '../http/refusal.ts';

/** Keeps what Stripe announces, once; billing acts upon it. */
export class StripeDeliveries {
  constructor(
    private readonly webhook: StripeWebhook,
    private readonly events: ProviderEvents,
  ) {}

  async take(body: Buffer, signature: string): Promise<{ readonly received: boolean }> {
    try {
      return { received: await this.events.keep(this.webhook.read(body, signature)) };
    } catch (error) {
      if (error instanceof PaymentRefusedError)
        throw new RefusalError({ code: 'unauthenticated', detail: error.message });
      throw error;
    }
  }
}
