/**
 * Payload of a MARK frame. The hub reads the count, keeps the newest state, and hands that state to the next owner in its
 * preface (`SessionHandover.mark`).
 */
export interface SessionMark {
  /**
   * How many units of this leg are answered in full. A unit is a command, counted at its last byte; IDLE is two, its own
   * line (answered by its continuation: that the session idles is in the state) and the line that ends it (answered by the
   * tagged response). A command that is refused before its last literal was sent counts as one.
   */
  readonly answered: number;
  /** From which a new owner goes on after the answer just completed. Opaque to the hub; at most 2,048 bytes. */
  readonly state: Uint8Array;
}

/** Keeps a preface that carries it within its 4,096 bytes. */
export const MARK_STATE_BYTES_MAX = 2_048;
const COUNT_BYTES = 4;

export function encodeMark(mark: SessionMark): Buffer {
  if (mark.state.length > MARK_STATE_BYTES_MAX) throw new RangeError(`mark of ${mark.state.length} bytes`);
  const payload = Buffer.allocUnsafe(COUNT_BYTES + mark.state.length);
  payload.writeUInt32BE(mark.answered >>> 0, 0);
  payload.set(mark.state, COUNT_BYTES);
  return payload;
}

/** Throws `RangeError` for a payload that is no mark: the leg is then broken. */
export function decodeMark(payload: Buffer): SessionMark {
  if (payload.length < COUNT_BYTES || payload.length > COUNT_BYTES + MARK_STATE_BYTES_MAX)
    throw new RangeError(`mark payload of ${payload.length} bytes`);
  return { answered: payload.readUInt32BE(0), state: payload.subarray(COUNT_BYTES) };
}
