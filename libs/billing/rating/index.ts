/** Usage and prices to money: pure, exact, the same for ever. Instants are milliseconds, money is minor units. */
export * from './add-on-measure.ts';
export * from './apportion.ts';
export * from './commitment.ts';
export * from './coupon.ts';
export * from './currency.ts';
export * from './digest.ts';
export * from './late-usage.ts';
export * from './line.ts';
export * from './measure.ts';
export * from './period.ts';
export * from './price-list.ts';
export * from './price-model.ts';
export * from './rate-period.ts';
export * from './ratio.ts';
export * from './tax.ts';
export * from './zone.ts';
