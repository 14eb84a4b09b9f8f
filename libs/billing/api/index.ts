/** Billing's words and ports. */
export * from './model.ts';
export * from './preview.ts';
export * from './price-model-json.ts';
export * from './store.ts';
