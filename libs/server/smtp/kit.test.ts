import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type {
  MessageBytes,
  SmtpAuthentication,
  SmtpBackend,
  SmtpPath,
  SmtpReply,
  SmtpTransaction,
} from '#protocol/smtp';
import { collect, silentLogger, systemClock } from '#stdx';
import { SmtpSession } from './session.ts';
import type { SmtpSessionOptions } from './settings.ts';

/** One message a backend was given. */
export interface Taken {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly bytes: string;
  readonly transmission: string;
}

/** Takes everything, remembers it, and refuses what a test tells it to. */
export class RecordingBackend implements SmtpBackend {
  readonly taken: Taken[] = [];
  readonly aborted: string[] = [];
  readonly asked: string[] = [];
  authentication?: SmtpAuthentication;
  onData: (bytes: MessageBytes, transaction: SmtpTransaction) => Promise<SmtpReply | readonly SmtpReply[]> = async () =>
    OK;

  async mail(_peer: unknown, transaction: SmtpTransaction): Promise<SmtpReply> {
    this.asked.push(`MAIL ${transaction.reversePath.address}`);
    if (transaction.reversePath.address.startsWith('banned@')) return { code: 550, enhanced: '5.7.1', text: 'Banned' };
    if (transaction.reversePath.address.startsWith('broken@')) throw new Error('directory is gone');
    return OK;
  }

  async rcpt(_peer: unknown, _transaction: SmtpTransaction, path: SmtpPath): Promise<SmtpReply> {
    this.asked.push(`RCPT ${path.address}`);
    if (path.address.startsWith('nobody@')) return { code: 550, enhanced: '5.1.1', text: 'No such user' };
    return OK;
  }

  async data(
    peer: { readonly transmission: string },
    transaction: SmtpTransaction,
    bytes: MessageBytes,
  ): Promise<SmtpReply | readonly SmtpReply[]> {
    const reply = await this.onData(bytes, transaction);
    const whole = bytes.whole ?? (await collect(bytes, 1 << 28));
    this.taken.push({
      reversePath: transaction.reversePath.address,
      forwardPaths: transaction.forwardPaths.map((path) => path.address),
      bytes: whole.toString('latin1'),
      transmission: peer.transmission,
    });
    return reply;
  }

  abort(_peer: unknown, transaction: SmtpTransaction): void {
    this.aborted.push(transaction.reversePath.address);
  }
}

const OK: SmtpReply = { code: 250, enhanced: '2.0.0', text: 'OK' };

export type SessionSettings = Partial<Omit<SmtpSessionOptions, 'backend'>>;

export function startSession(socket: Duplex, backend: SmtpBackend, settings: SessionSettings = {}): SmtpSession {
  return new SmtpSession(socket, {
    mode: 'smtp',
    hostname: 'mx.test',
    clock: systemClock,
    logger: silentLogger,
    peer: { sessionId: 's1', address: '192.0.2.1', port: 4321 },
    ...settings,
    backend,
  });
}

/** Both ends of a connection in memory: the session's, and the test's with what it has read. */
export class Wire extends Duplex {
  received = '';
  finished = false;
  readonly far: Duplex;
  private waiting: (() => void)[] = [];

  constructor() {
    super({ allowHalfOpen: true });
    const near = this;
    this.far = new Duplex({
      allowHalfOpen: true,
      read() {
        near.pull?.();
      },
      write(chunk: Buffer, _encoding, done) {
        near.received += chunk.toString('latin1');
        near.wake();
        done();
      },
      final(done) {
        near.finished = true;
        near.wake();
        near.end();
        done();
      },
      destroy(error, done) {
        near.finished = true;
        near.wake();
        done(error);
      },
    });
  }

  private pull: (() => void) | null = null;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.far.push(chunk)) done();
    else
      this.pull = () => {
        this.pull = null;
        done();
      };
  }

  override _final(done: () => void): void {
    this.far.push(null);
    done();
  }

  override _read(): void {}

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Waits for `lines` whole replies in all, or the end of the session, and gives everything received since the last call. */
  async replies(count: number): Promise<string[]> {
    for (;;) {
      const found = wholeReplies(this.received);
      if (found.length >= count || this.finished) {
        const out = found.slice(0, count);
        this.received = this.received.slice(out.join('').length);
        return out.map((reply) => reply.trimEnd());
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Sends and waits for one reply. */
  async ask(text: string): Promise<string> {
    if (!this.finished) this.write(Buffer.from(text));
    return (await this.replies(1))[0] ?? '<closed>';
  }
}

const wholeReplies = (text: string): string[] => text.match(/(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/g) ?? [];

/** A listener on a port of the system's choosing, each connection handed to `serve`. */
export async function listen(
  serve: (socket: Socket) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export function connectTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** `C` as sent, CRLF added; then the one reply expected: exactly, or matching. */
export type Step = readonly [client: string, server: string | RegExp];

/** Runs one conversation against a session of its own, greeting left out. Gives the backend, for what it saw. */
export async function converse(
  steps: readonly Step[],
  settings: SessionSettings = {},
  backend = new RecordingBackend(),
): Promise<RecordingBackend> {
  const wire = new Wire();
  startSession(wire.far, backend, settings);
  await wire.replies(1);
  for (const [client, server] of steps) {
    const reply = (await wire.ask(`${client}\r\n`)).replaceAll('\r\n', '\n');
    if (typeof server === 'string') assert.equal(reply, server, `after ${client}`);
    else assert.match(reply, server, `after ${client}`);
  }
  wire.destroy();
  wire.far.destroy();
  return backend;
}

export const HELLO: Step = ['EHLO c.test', /^250-mx\.test\n/];
export const MAIL: Step = ['MAIL FROM:<a@x.test>', '250 2.0.0 OK'];
export const RCPT: Step = ['RCPT TO:<b@y.test>', '250 2.0.0 OK'];
export const ALIVE: Step = ['NOOP', '250 2.0.0 OK'];

/** `converse` for its replies alone. */
export async function talk(...conversation: Parameters<typeof converse>): Promise<void> {
  await converse(...conversation);
}
