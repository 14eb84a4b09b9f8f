import { Duplex } from 'node:stream';
import { decodeMark, FRAME_DATA, FrameReader, frameHeader, type SessionMark } from '#protocol/handover';

/** A leg as a hub sees it, less the frames. */
export interface HubSide {
  /** What the client says and hears. */
  readonly client: Duplex;
  /** The newest mark. */
  mark(): SessionMark;
  /** What the client was sent since the newest mark. */
  bytesSinceMark(): number;
}

/** What a hub does with its end of a leg: takes the frames off, keeps the mark. */
export function hubSide(near: Duplex, resumedFrom?: Uint8Array): HubSide {
  let mark: SessionMark | undefined = resumedFrom && { answered: 0, state: resumedFrom };
  let sinceMark = 0;
  const client = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      near.write(frameHeader(FRAME_DATA, chunk.length));
      near.write(chunk);
      done();
    },
    destroy(_, done) {
      near.destroy();
      done(null);
    },
  });
  const frames = new FrameReader(
    (piece) => {
      sinceMark += piece.length;
      client.push(Buffer.from(piece));
    },
    (payload) => {
      sinceMark = 0;
      mark = decodeMark(payload);
    },
  );
  near.on('data', (chunk: Buffer) => frames.push(chunk));
  near.on('end', () => client.push(null)).on('close', () => client.push(null));
  return {
    client,
    bytesSinceMark: () => sinceMark,
    mark() {
      if (!mark) throw new Error('no mark came');
      return mark;
    },
  };
}
