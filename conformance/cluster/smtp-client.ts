import { type Door, LineConnection } from './lines.ts';

/** A plain SMTP client that knows nothing of Rookery. A refusal throws with the server's own words. */
export class SmtpClient {
  private constructor(private readonly connection: LineConnection) {}

  static async open(door: Door): Promise<SmtpClient> {
    const client = new SmtpClient(await LineConnection.open(door));
    await client.expect(220);
    client.connection.write('EHLO client.example\r\n');
    await client.expect(250);
    return client;
  }

  /** Resolves with the text of the 250 that promises the message is kept. `message` has CRLF line ends. */
  async send(reversePath: string, forwardPaths: readonly string[], message: Buffer): Promise<string> {
    await this.command(`MAIL FROM:<${reversePath}>`, 250);
    for (const path of forwardPaths) await this.command(`RCPT TO:<${path}>`, 250);
    await this.command('DATA', 354);
    this.connection.write(Buffer.concat([stuff(message), Buffer.from('.\r\n')]));
    return this.expect(250);
  }

  async command(line: string, code: number): Promise<string> {
    this.connection.write(`${line}\r\n`);
    return this.expect(code);
  }

  write(text: string): void {
    this.connection.write(text);
  }

  async quit(): Promise<void> {
    await this.command('QUIT', 221).catch(() => {});
    this.connection.close();
  }

  close(): void {
    this.connection.close();
  }

  private async expect(code: number): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.connection.line();
      lines.push(line);
      if (line[3] !== '-') break;
    }
    const text = lines.join('\n');
    if (!text.startsWith(String(code))) throw new Error(`expected ${code}, got: ${text}`);
    return text;
  }
}

/** RFC 5321 §4.5.2. */
function stuff(message: Buffer): Buffer {
  const text = message.toString('latin1');
  return Buffer.from((text.startsWith('.') ? `.${text}` : text).replaceAll('\r\n.', '\r\n..'), 'latin1');
}
