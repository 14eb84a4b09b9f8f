import type { Duplex } from 'node:stream';
import type { HubRequest } from '#protocol/handover';

/** What a session speaks over: bytes both ways with back pressure, and marks where something takes them. */
export interface ClientConnection {
  /** What has arrived; `undefined` when nothing has yet, `null` at the end. */
  read(): Uint8Array | null | undefined;
  /** The one listener: called when `read` may have something, once or more. */
  onReadable(listener: () => void): void;
  /** False asks to wait for `drained` before writing more. */
  write(bytes: Uint8Array): boolean;
  /** Resolves when there is room again, or when the connection is gone. */
  drained(): Promise<void>;
  /** Says that everything written so far answers `answered` units in full, and where the session stands after it. */
  mark?(answered: number, state: Uint8Array): void;
  /** What `work` writes leaves in one piece: nobody can be lost with a half of it sent. */
  together(work: () => void): void;
  /** Leaves a command to the hub, which answers it. */
  askHub?(request: HubRequest): void;
  /** Sends what is written, then ends. */
  end(): void;
  /** Ends at once: an answer that cannot be completed must not look complete. */
  destroy(): void;
  readonly gone: boolean;
}

/** A client's own socket, or anything like it. */
export function streamConnection(stream: Duplex): ClientConnection {
  return new StreamConnection(stream);
}

class StreamConnection implements ClientConnection {
  private ended = false;
  private listener: () => void = () => {};

  constructor(private readonly stream: Duplex) {
    const end = (): void => {
      this.ended = true;
      this.listener();
    };
    stream.on('readable', () => this.listener());
    stream.on('end', end);
    stream.on('close', end);
    // A reset is an end like any other; without a listener it would end the process.
    stream.on('error', end);
  }

  read(): Uint8Array | null | undefined {
    const chunk: Uint8Array | null = this.stream.read();
    return chunk ?? (this.ended ? null : undefined);
  }

  onReadable(listener: () => void): void {
    this.listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    return this.gone || this.stream.write(bytes);
  }

  together(work: () => void): void {
    this.stream.cork();
    try {
      work();
    } finally {
      this.stream.uncork();
    }
  }

  drained(): Promise<void> {
    if (this.gone || !this.stream.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.stream.off('drain', done);
        this.stream.off('close', done);
        resolve();
      };
      this.stream.on('drain', done);
      this.stream.on('close', done);
    });
  }

  end(): void {
    if (!this.gone) this.stream.end();
  }

  destroy(): void {
    this.stream.destroy();
  }

  get gone(): boolean {
    return this.stream.destroyed || this.stream.writableEnded;
  }
}
