/** Billing's words and ports. */
export * from './delivery.ts';
export * from './model.ts';
export * from './no-payment-provider.ts';
export * from './payment-provider.ts';
export * from './preview.ts';
export * from './price-model-json.ts';
export * from './store.ts';
export * from './tax-treatment.ts';
export * from './terms.ts';
