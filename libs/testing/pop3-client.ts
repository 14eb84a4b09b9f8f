import type { Duplex } from 'node:stream';
import { ImapTestClient } from './imap-client.ts';

/** A POP3 client that knows lines and multi-line answers and nothing else: it sends what it is told, right or wrong. */
export class Pop3TestClient {
  /** Lines are framed as IMAP's are. */
  private readonly lines: ImapTestClient;

  constructor(readonly stream: Duplex) {
    this.lines = new ImapTestClient(stream);
  }

  send(bytes: string | Uint8Array): void {
    this.stream.write(bytes);
  }

  /** The next line as it is, without its CRLF; `null` when the server has ended. */
  line(): Promise<string | null> {
    return this.lines.line();
  }

  /** Sends a line and gives the status line that answers it. */
  async command(text: string): Promise<string> {
    this.send(`${text}\r\n`);
    const status = await this.line();
    if (status === null) throw new Error(`the server ended: ${text}`);
    return status;
  }

  /** As `command`, but throws unless the answer is `+OK`, which is left out of what is given. */
  async ok(text: string): Promise<string> {
    const status = await this.command(text);
    if (!status.startsWith('+OK')) throw new Error(`${text}: ${status}`);
    return status.slice('+OK '.length);
  }

  /** The lines of a multi-line answer, unstuffed. */
  async list(text: string): Promise<readonly string[]> {
    await this.ok(text);
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw new Error(`the server ended in the answer to ${text}`);
      if (line === '.') return lines;
      lines.push(line.startsWith('.') ? line.slice(1) : line);
    }
  }

  close(): void {
    this.stream.destroy();
  }
}
