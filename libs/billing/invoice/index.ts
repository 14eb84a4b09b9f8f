/** Documents made of a rated month. */
export * from './preview.ts';
export * from './rate-month.ts';
