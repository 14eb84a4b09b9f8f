import Stripe from 'stripe';
import { PaymentProviderUnavailableError, PaymentRefusedError } from '#billing/api';

const { StripeError, StripeInvalidRequestError, StripeIdempotencyError, StripeCardError } = Stripe.errors;

/** Asks Stripe; its refusals become the port's two kinds of error. */
export async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (
      error instanceof StripeInvalidRequestError ||
      error instanceof StripeIdempotencyError ||
      error instanceof StripeCardError
    )
      throw new PaymentRefusedError(error.code ?? error.type, error.message);
    // The rest passes, or an operator mends it: connection, limits, faults of theirs, a wrong key of ours.
    if (error instanceof StripeError) throw new PaymentProviderUnavailableError(`Stripe: ${error.message}`);
    throw error;
  }
}

/** Whether it is a fault of theirs that they only repeat because the key is the same. */
export const isReplayedFailure = (error: unknown): boolean =>
  error instanceof StripeError && (error.statusCode ?? 0) >= 500 && error.headers?.['idempotent-replayed'] === 'true';
