import type { Duplex } from 'node:stream';

/** What a command was answered with. */
export interface ManageSieveAnswer {
  /** Lines before the last, literals in them as sent. */
  readonly lines: readonly string[];
  /** `OK (WARNINGS) "…"`, a literal in it as sent. */
  readonly status: string;
}

/** A ManageSieve client that knows framing and nothing else: it sends what it is told, right or wrong. Text is UTF-8. */
export class ManageSieveTestClient {
  private received = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => {};
  private stream: Duplex;

  constructor(stream: Duplex) {
    this.stream = stream;
    this.listen();
  }

  send(bytes: string | Uint8Array): void {
    this.stream.write(bytes);
  }

  /** The next line with its literals, without its last CRLF; `null` when the server has ended. */
  async line(): Promise<string | null> {
    for (let end = 0; ; ) {
      const crlf = this.received.indexOf('\r\n', end);
      if (crlf < 0) {
        if (!(await this.more())) return null;
        continue;
      }
      const literal = /\{(\d+)\}$/.exec(this.received.toString('latin1', Math.max(end, crlf - 20), crlf));
      if (!literal) {
        const line = this.received.toString('utf8', 0, crlf);
        this.received = this.received.subarray(crlf + 2);
        return line;
      }
      end = crlf + 2 + Number(literal[1]);
      while (this.received.length < end) if (!(await this.more())) return null;
    }
  }

  /** Reads to the end of an answer. */
  async answer(): Promise<ManageSieveAnswer> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw new Error(`the server ended after ${JSON.stringify(lines)}`);
      if (/^(?:OK|NO|BYE)\b/.test(line)) return { lines, status: line };
      lines.push(line);
    }
  }

  async command(text: string): Promise<ManageSieveAnswer> {
    this.send(`${text}\r\n`);
    return this.answer();
  }

  /** As `command`, but throws unless the answer is OK. */
  async ok(text: string): Promise<readonly string[]> {
    const { lines, status } = await this.command(text);
    if (!status.startsWith('OK')) throw new Error(`${text}: ${status}`);
    return lines;
  }

  /** Goes on over another stream: TLS over this one. */
  upgrade(wrap: (stream: Duplex) => Duplex): void {
    this.stream.removeAllListeners('data');
    this.stream = wrap(this.stream);
    this.listen();
  }

  close(): void {
    this.stream.destroy();
  }

  private listen(): void {
    this.stream.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    this.stream.on('end', end).on('close', end).on('error', end);
  }

  private async more(): Promise<boolean> {
    if (this.ended) return false;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    return true;
  }
}
