/** RFC 5322 and MIME: bytes to values. No I/O. */
export * from './model.ts';
