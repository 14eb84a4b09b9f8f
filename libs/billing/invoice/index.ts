/** Documents made of a rated month. */
export * from './cii.ts';
export * from './compose.ts';
export * from './credit-note.ts';
export * from './csv.ts';
export * from './document.ts';
export * from './html.ts';
export * from './invoice-record.ts';
export * from './letter.ts';
export * from './pdf.ts';
export * from './preview.ts';
export * from './rate-month.ts';
export * from './statement.ts';
export * from './ubl.ts';
export * from './ubl-credit-note.ts';
