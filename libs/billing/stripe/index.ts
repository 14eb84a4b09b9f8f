/** The payment port over Stripe: it charges what we say and tells us when it has; it rates nothing. */
export type { StripeSettings } from './stripe-client.ts';
export * from './stripe-payments.ts';
export * from './stripe-webhook.ts';
