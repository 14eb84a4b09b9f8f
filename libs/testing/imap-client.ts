import type { Duplex } from 'node:stream';

/** What a command was answered with. Lines without CRLF; a response's literals stand in it as sent. */
export interface ImapAnswer {
  /** Untagged responses without `* `, in order. */
  readonly untagged: readonly string[];
  /** The tagged line without its tag: `OK [READ-WRITE] SELECT completed`. */
  readonly tagged: string;
}

/** An IMAP client that knows framing and nothing else: it sends what it is told, right or wrong. Text is UTF-8. */
export class ImapTestClient {
  private received = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => {};
  private tags = 0;

  constructor(readonly stream: Duplex) {
    stream.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', end);
  }

  send(bytes: string | Uint8Array): void {
    this.stream.write(bytes);
  }

  /** The next line as it is, without its CRLF; `null` when the server has ended. */
  async line(): Promise<string | null> {
    for (;;) {
      const crlf = this.received.indexOf('\r\n');
      if (crlf >= 0) {
        const line = this.received.toString('utf8', 0, crlf);
        this.received = this.received.subarray(crlf + 2);
        return line;
      }
      if (!(await this.more())) return null;
    }
  }

  /** The next response with its literals, without its last CRLF; `null` when the server has ended. */
  async response(): Promise<string | null> {
    let end = 0;
    for (;;) {
      const crlf = this.received.indexOf('\r\n', end);
      if (crlf < 0) {
        if (!(await this.more())) return null;
        continue;
      }
      const literal = /\{(\d+)\}$/.exec(this.received.toString('latin1', Math.max(end, crlf - 20), crlf));
      if (!literal) {
        const response = this.received.toString('utf8', 0, crlf);
        this.received = this.received.subarray(crlf + 2);
        return response;
      }
      end = crlf + 2 + Number(literal[1]);
      while (this.received.length < end) if (!(await this.more())) return null;
    }
  }

  /** Untagged responses that have come unasked, without `* `; waits for none. */
  async unasked(): Promise<readonly string[]> {
    const responses: string[] = [];
    while (this.received.length > 0) responses.push(((await this.response()) ?? '').replace(/^\* /, ''));
    return responses;
  }

  /** Sends `<tag> text`; further parts are literals' bytes and what follows them, each sent when the server asks for it. */
  async command(text: string, ...parts: readonly (string | Uint8Array)[]): Promise<ImapAnswer> {
    const tag = `c${++this.tags}`;
    this.send(`${tag} ${text}\r\n`);
    const rest = [...parts];
    const untagged: string[] = [];
    for (;;) {
      const response = await this.response();
      if (response === null) throw new Error(`the server ended: ${tag} ${text}`);
      if (response.startsWith('+')) {
        const part = rest.shift();
        if (part === undefined) throw new Error(`the server asks for more: ${tag} ${text}`);
        this.send(part);
        this.send('\r\n');
      } else if (response.startsWith(`${tag} `)) return { untagged, tagged: response.slice(tag.length + 1) };
      else untagged.push(response.replace(/^\* /, ''));
    }
  }

  /** As `command`, but throws unless the answer is OK. */
  async ok(text: string, ...parts: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
    const { untagged, tagged } = await this.command(text, ...parts);
    if (!tagged.startsWith('OK')) throw new Error(`${text}: ${tagged}`);
    return untagged;
  }

  /** Appends a message and returns its uid. */
  async append(mailbox: string, message: string | Uint8Array, flags = ''): Promise<number> {
    const bytes = Buffer.from(message);
    const { tagged } = await this.command(`APPEND ${mailbox} ${flags && `(${flags}) `}{${bytes.length}}`, bytes);
    const uid = /\[APPENDUID \d+ (\d+)\]/.exec(tagged)?.[1];
    if (!uid) throw new Error(`APPEND: ${tagged}`);
    return Number(uid);
  }

  close(): void {
    this.stream.destroy();
  }

  private async more(): Promise<boolean> {
    if (this.ended) return false;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    return true;
  }
}
