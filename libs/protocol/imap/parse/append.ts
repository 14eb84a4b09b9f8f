import type { ArgumentReader } from '../argument-reader.ts';

/** What APPEND and REPLACE say of the messages they bring, in order; between these come the message literals themselves. */
export type AppendPiece =
  /** A message begins. RFC 9051 §6.3.12; `utf8`, RFC 6855 §4; `catenate`, RFC 4469. */
  | {
      readonly kind: 'begin';
      /** As sent. */
      readonly flags: readonly string[];
      /** Milliseconds since the epoch; `null` for now. */
      readonly internalDate: number | null;
      readonly form: 'literal' | 'utf8' | 'catenate';
    }
  /** A part of a message that is here already. */
  | { readonly kind: 'url'; readonly url: string }
  /** The closing parenthesis of a message that has one. */
  | { readonly kind: 'end' };

/** Where a message literal left off. */
export type AppendPlace = 'between' | 'utf8' | 'catenate';

/**
 * Reads on from `place`: up to the announcement of a message literal, of `announcedBytes` bytes, or (`null`) to the end of the
 * command. Gives `null` when what is announced is no message but an URL, which is read with what follows it.
 */
export function parseAppendPieces(
  reader: ArgumentReader,
  place: AppendPlace,
  announcedBytes: number | null,
): readonly AppendPiece[] | null {
  const pieces: AppendPiece[] = [];
  const isAnnounced = (): boolean => announcedBytes !== null && reader.atAnnouncement(announcedBytes);
  let at = place;
  let isFirstPart = false;
  for (;;) {
    if (at === 'between') {
      if (announcedBytes === null && reader.atEnd) return pieces;
      const begin = parseBegin(reader);
      pieces.push(begin);
      if (begin.form !== 'catenate') return isAnnounced() ? pieces : reader.fail('Expected a message literal');
      at = 'catenate';
      isFirstPart = true;
    } else if (at === 'utf8' || (!isFirstPart && reader.peek() === CLOSE)) {
      reader.expect(')');
      pieces.push({ kind: 'end' });
      at = 'between';
    } else {
      if (!isFirstPart) reader.space();
      isFirstPart = false;
      if (reader.acceptText('TEXT ')) return isAnnounced() ? pieces : reader.fail('Expected a text literal');
      if (!reader.acceptText('URL ')) reader.fail('Expected TEXT or URL');
      if (isAnnounced()) return null;
      if (pieces.push({ kind: 'url', url: reader.astring('an URL') }) > PIECES_MAX) reader.fail('Too many parts');
    }
  }
}

const CLOSE = 0x29;
/** Parts between two literals: more than any client puts together. */
const PIECES_MAX = 1_000;

function parseBegin(reader: ArgumentReader): AppendPiece & { kind: 'begin' } {
  reader.space();
  const flags = reader.atList ? reader.flagList() : null;
  if (flags) reader.space();
  const internalDate = reader.peek() === 0x22 ? reader.dateTime() : null;
  if (internalDate !== null) reader.space();
  const form = reader.acceptText('CATENATE (') ? 'catenate' : reader.acceptText('UTF8 (') ? 'utf8' : 'literal';
  return { kind: 'begin', flags: flags ?? [], internalDate, form };
}
