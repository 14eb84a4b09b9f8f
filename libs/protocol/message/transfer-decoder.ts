/** Undoes a Content-Transfer-Encoding piece by piece. What `push` returned may be a view of the chunk. */
export interface TransferDecoder {
  push(chunk: Uint8Array): Buffer;
  /** What was held back; the decoder is not used after. */
  end(): Buffer;
}
