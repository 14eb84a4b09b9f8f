import type { ByteStream } from '#stdx';

/** Sections up to this size are read before anything of the message is sent; larger ones are streamed. */
export const SMALL_BYTES = 131_072;

/** What a section's answer is made of: bytes that are there or on their way, a number, or (`null`) NIL. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly binary?: true }
  | { readonly kind: 'stream'; readonly size: number; readonly chunks: ByteStream; readonly binary?: true }
  | { readonly kind: 'number'; readonly value: number }
  | null;

/** The same stream, its first chunk already there; it holds its file until it is read or closed. */
export async function begun(stream: ByteStream): Promise<ByteStream> {
  const iterator = stream[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array> | null = await iterator.next();
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    if (!first) return iterator.next();
    const result = first;
    first = null;
    return Promise.resolve(result);
  };
  const close = async (): Promise<IteratorResult<Uint8Array>> => {
    await iterator.return?.();
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: close }) };
}

/** Lets go of a piece that will not be read. */
export async function closePiece(piece: Piece): Promise<void> {
  if (piece?.kind === 'stream') await piece.chunks[Symbol.asyncIterator]().return?.();
}
