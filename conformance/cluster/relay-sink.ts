import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The rest of the world's mail server: takes everything, and knows what came by its `X-Probe` line. */
export class RelaySink implements AsyncDisposable {
  /** Key of a message → how many times it came. */
  readonly received = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.converse(socket));
  }

  static async listen(): Promise<RelaySink> {
    const server = createServer();
    const sink = new RelaySink(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return sink;
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private converse(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
    socket.write('220 sink.example ESMTP\r\n');
    let text = '';
    let inData = false;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      for (;;) {
        const end = inData ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (end < 0) return;
        const part = text.slice(0, end);
        text = text.slice(end + (inData ? 5 : 2));
        if (inData) this.take(part);
        inData = !inData && /^DATA$/i.test(part);
        socket.write(inData ? '354 go on\r\n' : /^QUIT$/i.test(part) ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  }

  private take(message: string): void {
    const key = /^X-Probe: (\w+)$/m.exec(message.replaceAll('\r', ''))?.[1] ?? '';
    this.received.set(key, (this.received.get(key) ?? 0) + 1);
  }
}
