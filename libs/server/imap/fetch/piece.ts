import type { ByteStream } from '#stdx';

/** Sections up to this size are read before anything of the message is sent; larger ones are streamed. */
export const SMALL_BYTES = 131_072;

/** What a section's answer is made of: bytes that are there or on their way, a number, or (`null`) NIL. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly binary?: true }
  | { readonly kind: 'stream'; readonly size: number; readonly chunks: ByteStream; readonly binary?: true }
  | { readonly kind: 'number'; readonly value: number }
  | null;

/** The same stream, its first chunk already there. */
export async function begun(stream: ByteStream): Promise<ByteStream> {
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
