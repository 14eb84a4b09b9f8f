/** Documents made of a rated month. */
export * from './cii.ts';
export * from './compose.ts';
export * from './credit-note.ts';
export * from './document.ts';
export * from './invoice-record.ts';
export * from './letter.ts';
export * from './pdf.ts';
export * from './preview.ts';
export * from './rate-month.ts';
