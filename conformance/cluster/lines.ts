import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where a server listens: a port of this machine's loopback, or a machine of a test network. */
export type Door = number | { readonly host: string; readonly port: number };

const endpointOf = (door: Door): { readonly host: string; readonly port: number } =>
  typeof door === 'number' ? { host: '127.0.0.1', port: door } : door;

/** A line-based connection for plain test clients: no protocol knowledge, every wait has an end. */
export class LineConnection {
  private buffered: Buffer = Buffer.alloc(0);
  private waiting: (() => void) | undefined;
  private ended: Error | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.buffered = this.buffered.length ? Buffer.concat([this.buffered, chunk]) : chunk;
      this.waiting?.();
    });
    const end = (error?: Error): void => {
      this.ended ??= error ?? new Error('connection closed');
      this.waiting?.();
    };
    socket.on('error', end);
    socket.on('close', () => end());
  }

  static async open(
    door: Door,
    options: { readonly tls?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<LineConnection> {
    const socket = options.tls
      ? connectTls({ ...endpointOf(door), rejectUnauthorized: false })
      : connect(endpointOf(door));
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(options.timeoutMs ?? 5_000, () => reject(new Error('connect timed out')));
      socket.once(options.tls ? 'secureConnect' : 'connect', () => resolve());
      socket.once('error', reject);
    });
    socket.setTimeout(0);
    return new LineConnection(socket);
  }

  get isOpen(): boolean {
    return this.ended === undefined;
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Without its line end. */
  async line(timeoutMs = 40_000): Promise<string> {
    let end = this.buffered.indexOf('\n');
    while (end < 0) {
      await this.more(timeoutMs);
      end = this.buffered.indexOf('\n');
    }
    const text = this.buffered.toString('latin1', 0, end).replace(/\r$/, '');
    this.buffered = this.buffered.subarray(end + 1);
    return text;
  }

  async bytes(count: number, timeoutMs = 40_000): Promise<Buffer> {
    while (this.buffered.length < count) await this.more(timeoutMs);
    const taken = this.buffered.subarray(0, count);
    this.buffered = this.buffered.subarray(count);
    return taken;
  }

  close(): void {
    this.socket.destroy();
  }

  private async more(timeoutMs: number): Promise<void> {
    if (this.ended) throw this.ended;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.waiting = resolve;
      timer = setTimeout(() => reject(new Error(`nothing came for ${timeoutMs} ms`)), timeoutMs);
    });
    clearTimeout(timer);
    this.waiting = undefined;
    if (this.ended && this.buffered.length === 0) throw this.ended;
  }
}
