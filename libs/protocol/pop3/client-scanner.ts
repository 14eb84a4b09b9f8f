import { LF } from '#stdx';

/** A whole command; `at` is the offset one past its last byte. POP3 has no tags. */
export interface Pop3ScanEvent {
  readonly kind: 'command';
  readonly at: number;
  readonly tag: '';
  readonly name: string;
}

const NAME_BYTES_MAX = 8;

/** Tells where a signed-in client's commands end in a stream that is only passed on: after login, each line is one. */
export class Pop3ClientScanner {
  readonly idling = false;
  private begun = false;
  private head = '';

  /** A line has begun and not ended. */
  get open(): boolean {
    return this.begun;
  }

  scan(chunk: Uint8Array, onEvent: (event: Pop3ScanEvent) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf;
      const wanted = NAME_BYTES_MAX - this.head.length;
      this.head += Buffer.from(chunk.subarray(at, Math.min(end, at + wanted))).toString('latin1');
      this.begun = true;
      if (lf < 0) return;
      const name = /^[A-Za-z0-9]*/.exec(this.head)?.[0].toUpperCase() ?? '';
      this.commandAnswered();
      at = lf + 1;
      onEvent({ kind: 'command', at, tag: '', name });
    }
  }

  commandAnswered(): void {
    this.begun = false;
    this.head = '';
  }
}
