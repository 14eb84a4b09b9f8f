import { connect, type Socket } from 'node:net';

/** What to send, where. One message is in flight on each connection, as with Postfix's smtp-source. */
export interface LoadOptions {
  readonly port: number;
  readonly protocol: 'smtp' | 'lmtp';
  readonly connections: number;
  readonly messages: number;
  readonly messageBytes: number;
  readonly reversePath: string;
  /** `RCPT TO:` line of message n, without CRLF: distinct recipients, or a ROUTE of the inner leg. */
  readonly recipient: (n: number) => string;
  /** To servers that want more than TCP. */
  readonly connect?: () => Socket;
  /** Written before the greeting is read, answered by one line: the signed preface of the inner leg. */
  readonly preface?: () => string;
}

export interface LoadResult {
  readonly accepted: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds from the first byte of MAIL to the last reply. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** The same bytes at the same pace against every server: MAIL, RCPT and DATA in one write, then the message. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const body = messageOf(options.messageBytes);
  const latencies: number[] = [];
  let next = 0;
  const take = (): number | undefined => (next < options.messages ? next++ : undefined);
  const started = performance.now();
  await Promise.all(Array.from({ length: options.connections }, () => runConnection(options, body, take, latencies)));
  const seconds = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (fraction: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * fraction))] ?? 0;
  return {
    accepted: latencies.length,
    seconds,
    perSecond: latencies.length / seconds,
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}

/** A header and lines of 78, ending in CRLF; unlike every other of the run only in its X-Load line. */
function messageOf(bytes: number): (n: number) => Buffer {
  const head = 'From: load@x.test\r\nTo: load@peer.test\r\nSubject: load\r\n';
  const line = `${'load '.repeat(15)}xy\r\n`;
  const filler = line.repeat(Math.ceil(bytes / line.length)).slice(0, Math.max(0, bytes - head.length - 40));
  return (n) =>
    Buffer.from(`${head}X-Load: ${n.toString().padStart(12)}\r\n\r\n${filler.trimEnd()}\r\n.\r\n`, 'latin1');
}

async function runConnection(
  options: LoadOptions,
  body: (n: number) => Buffer,
  take: () => number | undefined,
  latencies: number[],
): Promise<void> {
  const socket = options.connect?.() ?? connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  const replies = new Replies(socket);
  if (options.preface) {
    socket.write(options.preface());
    await replies.preface();
  }
  await replies.expect(220);
  socket.write(`${options.protocol === 'lmtp' ? 'LHLO' : 'EHLO'} load.test\r\n`);
  await replies.expect(250);
  for (let n = take(); n !== undefined; n = take()) {
    const started = performance.now();
    socket.write(`MAIL FROM:<${options.reversePath}>\r\n${options.recipient(n)}\r\nDATA\r\n`);
    await replies.expect(250);
    await replies.expect(250);
    await replies.expect(354);
    socket.write(body(n));
    await replies.expect(250);
    latencies.push(performance.now() - started);
  }
  socket.end('QUIT\r\n');
}

/** Reads replies one at a time; multi-line ones count as one. */
class Replies {
  private text = '';
  private waiting: { resolve: (reply: string) => void; reject: (error: Error) => void; whole: RegExp } | undefined;
  private failure: Error | undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk;
      this.serve();
    });
    const fail = (error?: Error): void => {
      this.failure ??= error ?? new Error('connection closed');
      this.waiting?.reject(this.failure);
    };
    socket.on('error', fail);
    socket.on('close', () => fail());
  }

  async expect(code: number): Promise<void> {
    const reply = await this.next(/^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n/);
    if (!reply.startsWith(String(code))) throw new Error(`expected ${code}, got ${reply}`);
  }

  async preface(): Promise<void> {
    const reply = await this.next(/^[^\n]*\n/);
    if (!reply.startsWith('+OK')) throw new Error(`preface: ${reply}`);
  }

  private next(whole: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.failure) reject(this.failure);
      this.waiting = { resolve, reject, whole };
      this.serve();
    });
  }

  private serve(): void {
    const { waiting } = this;
    const match = waiting?.whole.exec(this.text);
    if (!waiting || !match) return;
    this.text = this.text.slice(match[0].length);
    this.waiting = undefined;
    waiting.resolve(match[0]);
  }
}
