/** What Stripe's test payment methods do when they are charged off session (docs.stripe.com/testing). */
export const TEST_METHODS = {
  pm_card_visa: { outcome: 'succeeded', card: { brand: 'visa', last4: '4242' } },
  pm_card_chargeCustomerFail: { outcome: 'declined', card: { brand: 'visa', last4: '0341' } },
  pm_card_authenticationRequired: { outcome: 'authentication', card: { brand: 'visa', last4: '3184' } },
  /** A debit: the money comes later, or does not. */
  pm_sepaDebit: { outcome: 'processing', card: null },
} as const;

export type TestMethod = keyof typeof TEST_METHODS;
export const isTestMethod = (name: string): name is TestMethod => name in TEST_METHODS;
