/** Documents made of a rated month. */
export * from './compose.ts';
export * from './document.ts';
export * from './pdf.ts';
export * from './preview.ts';
export * from './rate-month.ts';
