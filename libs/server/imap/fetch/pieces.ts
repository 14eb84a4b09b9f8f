import type { MailStore, StoredMessage } from '#mailstore/api';
import type { ByteRange } from '#protocol/message';
import { type ByteStream, collect } from '#stdx';
import { filterHeader } from './header-filter.ts';
import type { SectionItem } from './plan.ts';
import { isWholeMessage, partialOf, rangeOf } from './sections.ts';

/** Sections up to this size are read before anything of the message is sent; larger ones are streamed. */
const SMALL_BYTES = 131_072;

/** A section's bytes, ready to be sent: there, on their way, or (`null`) NIL. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly size: number; readonly chunks: ByteStream }
  | null;

/** Reads a section, or begins to: what cannot be read at all fails here, before its size has been promised to the client. */
export async function openSection(store: MailStore, message: StoredMessage, item: SectionItem): Promise<Piece> {
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

/** The same stream, its first chunk already there. */
async function begun(stream: ByteStream): Promise<ByteStream> {
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    if (first.done) return;
    yield first.value;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  })();
}
