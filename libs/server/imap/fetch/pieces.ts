import type { MailStore, StoredMessage } from '#mailstore/api';
import type { ByteRange } from '#protocol/message';
import { collect } from '#stdx';
import { openBinary } from './binary.ts';
import { filterHeader } from './header-filter.ts';
import { begun, type Piece, SMALL_BYTES } from './piece.ts';
import type { BinaryItem, SectionItem } from './plan.ts';
import { isWholeMessage, partialOf, rangeOf } from './sections.ts';

export function openPiece(store: MailStore, message: StoredMessage, item: SectionItem | BinaryItem): Promise<Piece> {
  return item.kind === 'section' ? openSection(store, message, item) : openBinary(store, message, item);
}

/** Reads a section, or begins to: what cannot be read at all fails here, before its size has been promised to the client. */
async function openSection(store: MailStore, message: StoredMessage, item: SectionItem): Promise<Piece> {
  const { section, partial } = item;
  const whole: ByteRange | null = isWholeMessage(section)
    ? { start: 0, end: message.size }
    : message.body
      ? rangeOf(section, message.body)
      : null;
  if (!whole) return null;
  if (section.text === 'HEADER.FIELDS' || section.text === 'HEADER.FIELDS.NOT') {
    const header = await read(store, message, whole);
    const filtered = filterHeader(header, section.fields, section.text === 'HEADER.FIELDS.NOT');
    const { start, end } = partialOf({ start: 0, end: filtered.length }, partial);
    return { kind: 'bytes', bytes: filtered.subarray(start, end) };
  }
  const range = partialOf(whole, partial);
  const size = range.end - range.start;
  if (size <= SMALL_BYTES) return { kind: 'bytes', bytes: await read(store, message, range) };
  return { kind: 'stream', size, chunks: await begun(store.read(message.blobId, range.start, range.end)) };
}

async function read(store: MailStore, { blobId }: StoredMessage, { start, end }: ByteRange): Promise<Buffer> {
  if (start === end) return Buffer.alloc(0);
  return collect(store.read(blobId, start, end), end - start);
}
