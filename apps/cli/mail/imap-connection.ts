import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { UnreachableError } from '../failure.ts';

/** An untagged response: its text, each literal as `{}` in it, and the literals. */
export interface ImapResponse {
  readonly text: string;
  readonly literals: readonly Buffer[];
}

/** The server said NO or BAD. */
export class ImapRefusal extends Error {
  override readonly name = 'ImapRefusal';
}

export interface ImapAddress {
  readonly host: string;
  readonly port: number;
  /** Take a certificate nobody vouches for: a cluster on this machine has one. */
  readonly insecure: boolean;
}

/** A plain IMAP4rev1 client over TLS: a command at a time, its responses gathered. */
export class ImapConnection {
  private received = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => {};
  private tags = 0;

  private constructor(private readonly stream: Duplex) {
    const turn = (): void => this.wake();
    stream.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      turn();
    });
    for (const event of ['end', 'close', 'error'])
      stream.on(event, () => {
        this.ended = true;
        turn();
      });
  }

  /** Throws `UnreachableError`. */
  static async open({ host, port, insecure }: ImapAddress): Promise<ImapConnection> {
    const servername = /^[\d.:]+$/.test(host) ? {} : { servername: host };
    const socket = connectTls({ host, port, rejectUnauthorized: !insecure, ...servername });
    try {
      await once(socket, 'secureConnect');
    } catch (error) {
      throw new UnreachableError(`${host}:${port}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const connection = new ImapConnection(socket);
    await connection.response();
    return connection;
  }

  /** Sends `text`, then each literal when the server asks for it, with what follows it. Throws `ImapRefusal`. */
  async command(text: string, ...literals: readonly (readonly [Buffer, string])[]): Promise<readonly ImapResponse[]> {
    const tag = `a${++this.tags}`;
    const untagged: ImapResponse[] = [];
    const first = literals[0];
    this.stream.write(first ? `${tag} ${text}{${first[0].length}}\r\n` : `${tag} ${text}\r\n`);
    const waiting = [...literals];
    for (;;) {
      const response = await this.response();
      if (response.text.startsWith('+')) {
        const [literal = Buffer.alloc(0), rest = ''] = waiting.shift() ?? [];
        this.stream.write(literal);
        this.stream.write(waiting[0] ? `${rest}{${waiting[0][0].length}}\r\n` : `${rest}\r\n`);
      } else if (response.text.startsWith('* ')) untagged.push({ ...response, text: response.text.slice(2) });
      else if (response.text.startsWith(`${tag} OK`)) return untagged;
      else throw new ImapRefusal(response.text.slice(tag.length + 1));
    }
  }

  async close(): Promise<void> {
    await this.command('LOGOUT').catch(() => {});
    this.stream.destroy();
  }

  private async response(): Promise<ImapResponse> {
    let text = '';
    const literals: Buffer[] = [];
    for (;;) {
      const line = (await this.take(await this.lineEnd())).toString('latin1');
      const literal = /\{(\d+)\}\r\n$/.exec(line);
      if (!literal) return { text: text + line.slice(0, -2), literals };
      text += `${line.slice(0, literal.index)}{}`;
      literals.push(Buffer.from(await this.take(Number(literal[1]))));
    }
  }

  private async lineEnd(): Promise<number> {
    for (;;) {
      const at = this.received.indexOf('\r\n');
      if (at >= 0) return at + 2;
      await this.more();
    }
  }

  private async take(length: number): Promise<Buffer> {
    while (this.received.length < length) await this.more();
    const taken = this.received.subarray(0, length);
    this.received = this.received.subarray(length);
    return taken;
  }

  private async more(): Promise<void> {
    if (this.ended) throw new UnreachableError('The IMAP server ended the connection.');
    await new Promise<void>((resolve) => (this.wake = resolve));
  }
}
