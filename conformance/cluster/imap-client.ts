import { type Door, LineConnection } from './lines.ts';

/** An answer: untagged lines with their literals in place, and the tagged line. */
export interface ImapAnswer {
  readonly untagged: readonly string[];
  readonly tagged: string;
}

/** A plain IMAP client that knows nothing of Rookery. Text is latin1, so that bytes stay bytes. */
export class ImapClient {
  private tags = 0;

  private constructor(private readonly connection: LineConnection) {}

  static async open(door: Door, options: { readonly tls?: boolean } = {}): Promise<ImapClient> {
    const connection = await LineConnection.open(door, options);
    const greeting = await connection.line();
    if (!greeting.startsWith('* OK')) throw new Error(`greeting: ${greeting}`);
    return new ImapClient(connection);
  }

  static async signIn(
    door: Door,
    user: { readonly email: string; readonly password: string },
    options: { readonly tls?: boolean } = {},
  ): Promise<ImapClient> {
    const client = await ImapClient.open(door, options);
    try {
      await client.ok(`LOGIN ${user.email} "${user.password}"`);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  /** Throws unless the tagged answer is OK. */
  async ok(command: string, timeoutMs?: number): Promise<readonly string[]> {
    const { untagged, tagged } = await this.command(command, timeoutMs);
    if (!tagged.startsWith('OK')) throw new Error(`${command.split(' ')[0]}: ${tagged}`);
    return untagged;
  }

  async command(command: string, timeoutMs?: number): Promise<ImapAnswer> {
    const tag = `t${++this.tags}`;
    this.connection.write(Buffer.from(`${tag} ${command}\r\n`, 'latin1'));
    const untagged: string[] = [];
    for (;;) {
      const line = await this.logicalLine(timeoutMs);
      if (line.startsWith(`${tag} `)) return { untagged, tagged: line.slice(tag.length + 1) };
      untagged.push(line);
      if (line.startsWith('* BYE')) throw new Error(line);
    }
  }

  /** Next line, whatever it is: for IDLE. */
  async next(timeoutMs?: number): Promise<string> {
    return this.logicalLine(timeoutMs);
  }

  write(text: string): void {
    this.connection.write(Buffer.from(text, 'latin1'));
  }

  close(): void {
    this.connection.close();
  }

  /** Every message of a mailbox by uid, as the bytes the server gives. */
  async bodies(mailbox = 'INBOX'): Promise<ReadonlyMap<number, Buffer>> {
    await this.ok(`SELECT ${mailbox}`);
    const found = new Map<number, Buffer>();
    for (const line of await this.ok('UID FETCH 1:* (UID BODY.PEEK[])', 120_000)) {
      const match = /^\* \d+ FETCH \((?:.*?)UID (\d+).*?BODY\[\] \{(\d+)\}\r\n/s.exec(line);
      if (!match) continue;
      const start = match[0].length;
      found.set(Number(match[1]), Buffer.from(line.slice(start, start + Number(match[2])), 'latin1'));
    }
    return found;
  }

  /** A line with the literals it announces. */
  private async logicalLine(timeoutMs?: number): Promise<string> {
    let text = await this.connection.line(timeoutMs);
    for (;;) {
      const literal = /\{(\d+)\}$/.exec(text);
      if (!literal) return text;
      const bytes = await this.connection.bytes(Number(literal[1]), timeoutMs);
      text += `\r\n${bytes.toString('latin1')}${await this.connection.line(timeoutMs)}`;
    }
  }
}
