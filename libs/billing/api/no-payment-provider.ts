import { type PaymentProvider, PaymentRefusedError } from './payment-provider.ts';

const refuse = (): Promise<never> =>
  Promise.reject(new PaymentRefusedError('no_provider', 'no payment provider is set up: pay by bank transfer'));

/** Where nobody collects: nothing can be saved there, so nothing is ever charged. */
export const noPaymentProvider: PaymentProvider = {
  customer: refuse,
  beginSetup: refuse,
  methods: refuse,
  methodOwner: refuse,
  detachMethod: refuse,
  charge: refuse,
  lookUp: refuse,
  cancel: refuse,
  refund: refuse,
  lookUpRefund: refuse,
};
