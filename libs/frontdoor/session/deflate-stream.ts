import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';

/**
 * zlib's own figures: (1 << windowBits + 2) + (1 << memLevel + 9) bytes to deflate, here 96 KB instead of 268; up to 43 KB to
 * inflate, whose window is the client's choice. RFC 4978 §4 lets each side choose its own.
 */
const DEFLATE = { windowBits: 13, memLevel: 7, chunkSize: 16_384 } as const;
/** A client that just closes has not ended its stream: what came until then counts. */
const INFLATE = { chunkSize: 16_384, finishFlush: constants.Z_SYNC_FLUSH } as const;

/** A connection compressed both ways, RFC 4978: raw DEFLATE, flushed after every write. Ends with the connection below. */
export class DeflateStream extends Duplex {
  private readonly deflater = createDeflateRaw(DEFLATE);
  private readonly inflater = createInflateRaw(INFLATE);

  constructor(
    /** The connection itself. */
    readonly below: Duplex,
  ) {
    super({ allowHalfOpen: true, readableHighWaterMark: 16_384, writableHighWaterMark: 65_536 });
    const { deflater, inflater } = this;
    const broken = (error: Error): void => void this.destroy(error);
    below.on('data', (chunk: Buffer) => {
      if (!inflater.write(chunk)) below.pause();
    });
    below.on('end', () => inflater.end()).on('close', () => this.destroy());
    below.on('error', broken).on('drain', () => deflater.resume());
    inflater.on('drain', () => below.resume()).on('error', broken);
    inflater.on('data', (chunk: Buffer) => {
      // One small chunk may become a thousand: the rest waits until this has been taken.
      if (!this.push(chunk)) inflater.pause();
    });
    inflater.on('end', () => this.push(null));
    deflater.on('error', broken).on('data', (chunk: Buffer) => {
      if (!below.write(chunk)) deflater.pause();
    });
    deflater.on('end', () => below.end());
    below.resume();
  }

  override _read(): void {
    this.inflater.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.deflater.write(chunk);
    this.deflater.flush(constants.Z_SYNC_FLUSH, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'latin1', done);
  }

  override _final(done: () => void): void {
    this.deflater.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.deflater.destroy();
    this.inflater.destroy();
    this.below.destroy();
    done(error);
  }
}

/** The connection itself, under whatever compression. */
export const connectionBelow = (stream: Duplex): Duplex => (stream instanceof DeflateStream ? stream.below : stream);
