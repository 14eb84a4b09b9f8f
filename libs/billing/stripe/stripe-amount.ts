import { PaymentRefusedError } from '#billing/api';
import { minorDigits } from '#billing/rating';

/** Currencies without a minor unit that Stripe still counts in hundredths (docs.stripe.com/currencies, special cases). */
const HUNDREDFOLD = new Set(['ISK', 'UGX']);

/** Our minor units as Stripe counts them. Refused where Stripe cannot charge the very amount. */
export function toStripe(minor: bigint, currency: string): number {
  if (HUNDREDFOLD.has(currency)) return Number(minor * 100n);
  // Three decimal places, the last of which must be 0.
  if (minorDigits(currency) === 3 && minor % 10n !== 0n)
    throw new PaymentRefusedError(
      'amount_not_chargeable',
      `Stripe charges ${currency} in tens of its smallest unit only`,
    );
  return Number(minor);
}

export function fromStripe(amount: number, currency: string): bigint {
  return HUNDREDFOLD.has(currency.toUpperCase()) ? BigInt(amount) / 100n : BigInt(amount);
}
