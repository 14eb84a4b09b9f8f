import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An IMAP client that costs next to nothing: it counts an answer's bytes until its tagged line. */
export class CountingClient {
  /** Bytes of the last answer. */
  bytes = 0;
  /** Its last line. */
  tagged = '';
  private tags = 0;
  private tail: Buffer = Buffer.alloc(0);
  private wanted: { readonly mark: Buffer; resolve(): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('close', () => this.wanted?.reject(new Error('the server ended')));
  }

  static async open(port: number): Promise<CountingClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const client = new CountingClient(socket);
    await client.until('\r\n');
    return client;
  }

  /** Sends a command (and what must follow it) and waits for its OK. Returns the milliseconds it took. */
  async run(command: string, ...more: readonly (string | Buffer)[]): Promise<number> {
    const tag = `b${++this.tags}`;
    const started = performance.now();
    this.bytes = 0;
    // It may be the first line of the answer, too.
    this.tail = Buffer.from('\r\n');
    this.socket.write(more.length === 0 ? `${tag} ${command}\r\n` : `${tag} ${command}`);
    for (const part of more) this.socket.write(part);
    await this.until(`\r\n${tag} `);
    const took = performance.now() - started;
    if (!this.tagged.startsWith(`${tag} OK`)) throw new Error(`${command.slice(0, 60)}: ${this.tagged}`);
    return took;
  }

  close(): void {
    this.socket.removeAllListeners('close').on('error', () => {});
    this.socket.destroy();
  }

  private until(mark: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wanted = { mark: Buffer.from(mark), resolve, reject };
    });
  }

  /** The tagged line ends the last chunk: nothing comes unasked on a connection that does not idle. */
  private take(chunk: Buffer): void {
    this.bytes += chunk.length;
    const { wanted } = this;
    // Long answers end with a line of less than this.
    this.tail = Buffer.concat([this.tail.subarray(-1_024), chunk.subarray(-4_096)]);
    if (!wanted || this.tail.at(-1) !== 0x0a) return;
    const at = this.tail.lastIndexOf(wanted.mark);
    if (at < 0) return;
    this.tagged = this.tail.toString('latin1', at).trim();
    this.wanted = undefined;
    wanted.resolve();
  }
}
