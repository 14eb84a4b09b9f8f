import type { ArgumentReader } from './argument-reader.ts';

/** Positions in a result, counted from 1 or, negative, from its end: `first` is the nearer end. RFC 9394 §4 `partial-range`. */
export interface PositionRange {
  readonly first: number;
  readonly last: number;
}

export function readPositionRange(reader: ArgumentReader): PositionRange {
  const sign = reader.accept('-') ? -1 : 1;
  const first = reader.nzNumber('a position');
  reader.expect(':');
  if (reader.accept('-') !== (sign === -1)) reader.fail('Both ends of PARTIAL count from the same end');
  const last = reader.nzNumber('a position');
  return { first: sign * Math.min(first, last), last: sign * Math.max(first, last) };
}

/** Indexes [start, end) of what a range means in a result of that length. */
export function positionsOf({ first, last }: PositionRange, length: number): { start: number; end: number } {
  if (first > 0) return { start: Math.min(first - 1, length), end: Math.min(last, length) };
  // -1:-100 is the last hundred.
  return { start: Math.max(0, length + last), end: Math.max(0, length + first + 1) };
}
