import type { Duplex } from 'node:stream';
import { DotStuffer } from '#protocol/message';
import { formatReply, type SmtpReply, serializeParameters } from '#protocol/smtp';
import { asBuffer, type ByteStream, type Clock } from '#stdx';
import { type RecipientOutcome, RelayError, type RelayMessage, type RelayOutcome, type RelayPhase } from './message.ts';
import { ReplyQueue } from './reply-queue.ts';
import type { RelayTimeouts } from './settings.ts';

export interface RelayConnectionOptions {
  readonly protocol: 'smtp' | 'lmtp';
  readonly clock: Clock;
  readonly timeouts: RelayTimeouts;
  /** Use BDAT when the server offers CHUNKING: the bytes then need no stuffing. */
  readonly chunking: boolean;
}

/** BDAT chunks sent before their replies are looked at. */
const CHUNKS_AHEAD = 32;
const NOTHING: ReadonlyMap<string, string | null> = new Map();

/**
 * A greeted connection to another server, one message at a time. After an error thrown by `send` it is of no more use,
 * unless `usable` still says so (the message's own stream had failed, and the server was told to forget it).
 */
export class RelayConnection {
  /** EHLO keywords in upper case, with what followed them. */
  capabilities: ReadonlyMap<string, string> = NOTHING as ReadonlyMap<string, string>;
  /** Called once when the connection ends while nobody is sending. */
  onLost: () => void = () => {};
  private readonly replies: ReplyQueue;
  private sending = false;

  constructor(
    readonly socket: Duplex,
    readonly options: RelayConnectionOptions,
  ) {
    this.replies = new ReplyQueue(socket, options.clock, () => {
      socket.destroy();
      if (!this.sending) this.onLost();
    });
  }

  /** A message may be sent. A reply nobody asked for is a server saying goodbye. */
  get usable(): boolean {
    return this.replies.failure === null && this.replies.unclaimed === 0 && this.socket.writable;
  }

  /** One command, one reply. Throws `RelayError` of that phase. `line` without CRLF; '' waits for the greeting. */
  async command(phase: RelayPhase, line: string, timeoutMs: number): Promise<SmtpReply> {
    if (line !== '') this.socket.write(`${line}\r\n`);
    return (await this.expect(1, phase, timeoutMs))[0]!;
  }

  /** Throws `RelayError` when the connection fails; a refusal is not an error but an outcome. */
  async send(message: RelayMessage): Promise<RelayOutcome> {
    this.sending = true;
    try {
      const chunking = this.options.chunking && this.capabilities.has('CHUNKING');
      if (!chunking) return await this.sendData(message);
      return message.body instanceof Uint8Array
        ? await this.sendWhole(message, message.body)
        : await this.sendChunks(message, message.body);
    } finally {
      this.sending = false;
    }
  }

  /** QUIT, without waiting long for the answer. */
  quit(): void {
    if (this.usable) this.socket.end('QUIT\r\n');
    this.options.clock.after(1_000, () => this.socket.destroy());
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Hands the socket over to TLS. Throws `RelayError` when the server said more than it should have before it. */
  detach(): Duplex {
    // An answer that came in the clear, to be read as if it had come under TLS (CVE-2021-38371 and its kin).
    if (this.replies.detach() > 0) throw new RelayError('tls', false, 'unexpected bytes before the TLS handshake');
    return this.socket;
  }

  /** MAIL, RCPT … and BDAT LAST with all the bytes, in one write and one round trip. */
  private async sendWhole(message: RelayMessage, body: Uint8Array): Promise<RelayOutcome> {
    const { socket } = this;
    socket.cork();
    socket.write(`${envelope(message)}BDAT ${body.length} LAST\r\n`);
    socket.write(body);
    socket.uncork();
    const rcpts = await this.envelopeReplies(message, 'final', this.options.timeouts.finalMs);
    // With no recipient taken BDAT is refused too, and the transaction still open.
    return rcpts.some(accepted) ? await this.finals(rcpts) : await this.forget(rcpts, 1);
  }

  private async sendChunks(message: RelayMessage, body: ByteStream): Promise<RelayOutcome> {
    const { timeouts } = this.options;
    const rcpts = await this.sendEnvelope(message);
    if (!rcpts.some(accepted)) return await this.forget(rcpts);
    let ahead = 0;
    let refusal: SmtpReply | undefined;
    try {
      for await (const piece of body) {
        if (piece.length === 0) continue;
        ahead++;
        await this.write([Buffer.from(`BDAT ${piece.length}\r\n`), piece]);
        if (ahead < CHUNKS_AHEAD) continue;
        refusal = (await this.expect(ahead, 'data', timeouts.blockMs)).find(refused);
        ahead = 0;
        if (refusal) break;
      }
    } catch (error) {
      if (!(error instanceof RelayError) && !this.replies.failure) await this.forget(rcpts, ahead);
      throw error;
    }
    refusal ??= (await this.expect(ahead, 'data', timeouts.finalMs)).find(refused);
    if (refusal) return await this.forget(rcpts, 0, refusal);
    this.socket.write('BDAT 0 LAST\r\n');
    return await this.finals(rcpts);
  }

  private async sendData(message: RelayMessage): Promise<RelayOutcome> {
    const { timeouts } = this.options;
    const rcpts = await this.sendEnvelope(message);
    if (!rcpts.some(accepted)) return await this.forget(rcpts);
    const goAhead = await this.command('data', 'DATA', timeouts.dataMs);
    if (goAhead.code !== 354) return await this.forget(rcpts, 0, goAhead);
    const pieces: Buffer[] = [];
    const stuffer = new DotStuffer((piece) => pieces.push(piece));
    try {
      const { body } = message;
      if (body instanceof Uint8Array) stuffer.push(asBuffer(body));
      else {
        for await (const piece of body) {
          stuffer.push(asBuffer(piece));
          await this.write(pieces);
        }
      }
      stuffer.finish();
      await this.write(pieces);
    } catch (error) {
      // There is no way to take DATA back but to leave (RFC 5321 §4.1.1.4).
      this.replies.fail(error as Error);
      throw error;
    }
    return await this.finals(rcpts);
  }

  /** MAIL and RCPTs, together where the server offers PIPELINING. */
  private async sendEnvelope(message: RelayMessage): Promise<readonly SmtpReply[]> {
    const { commandMs } = this.options.timeouts;
    if (this.capabilities.has('PIPELINING')) {
      this.socket.write(envelope(message));
      return await this.envelopeReplies(message, 'mail', commandMs);
    }
    const [mail = '', ...rcpts] = envelope(message).trimEnd().split('\r\n');
    const first = await this.command('mail', mail, commandMs);
    if (refused(first)) return rcpts.map(() => first);
    const replies: SmtpReply[] = [];
    for (const rcpt of rcpts) replies.push(await this.command('mail', rcpt, commandMs));
    return replies;
  }

  /** One a recipient: MAIL's refusal stands for all of them. */
  private async envelopeReplies(
    message: RelayMessage,
    phase: RelayPhase,
    timeoutMs: number,
  ): Promise<readonly SmtpReply[]> {
    const [mail, ...rcpts] = await this.expect(1 + message.recipients.length, phase, timeoutMs);
    return refused(mail!) ? rcpts.map(() => mail!) : rcpts;
  }

  /** The answers to the message: in LMTP one for each accepted recipient, else one for all (RFC 2033 §4.2). */
  private async finals(rcpts: readonly SmtpReply[]): Promise<RelayOutcome> {
    const each = this.options.protocol === 'lmtp';
    const taken = each ? rcpts.filter(accepted).length : 1;
    const finals = await this.expect(taken, 'final', this.options.timeouts.finalMs);
    let next = 0;
    return {
      recipients: rcpts.map((rcpt) => ({ rcpt, final: accepted(rcpt) ? finals[each ? next++ : 0]! : null })),
    };
  }

  /** The message goes no further: RSET, past the replies still owed. */
  private async forget(rcpts: readonly SmtpReply[], owed = 0, final: SmtpReply | null = null): Promise<RelayOutcome> {
    this.socket.write('RSET\r\n');
    await this.expect(owed + 1, 'mail', this.options.timeouts.commandMs);
    return { recipients: rcpts.map((rcpt): RecipientOutcome => ({ rcpt, final: accepted(rcpt) ? final : null })) };
  }

  /** Writes the pieces together and empties the list; waits, when the socket is full, until it is not, at most the block's time. */
  private async write(pieces: Uint8Array[]): Promise<void> {
    const { socket, replies } = this;
    if (replies.failure) throw this.broken('data', replies.failure);
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    pieces.length = 0;
    if (!socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const { blockMs } = this.options.timeouts;
      const timer = this.options.clock.after(blockMs, () => replies.fail(new Error('message not taken in time')));
      const done = (): void => {
        timer.cancel();
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  private async expect(count: number, phase: RelayPhase, timeoutMs: number): Promise<readonly SmtpReply[]> {
    try {
      return await this.replies.next(count, timeoutMs);
    } catch (error) {
      throw this.broken(phase, error);
    }
  }

  private broken(phase: RelayPhase, cause: unknown): RelayError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new RelayError(phase, phase === 'final', `${phase}: ${reason}`, { cause });
  }
}

const accepted = (reply: SmtpReply): boolean => reply.code < 300;
const refused = (reply: SmtpReply): boolean => reply.code >= 300;

function envelope(message: RelayMessage): string {
  let out = `MAIL FROM:<${checked(message.reversePath)}>${serializeParameters(message.parameters ?? NOTHING)}\r\n`;
  for (const { forwardPath, parameters } of message.recipients)
    out += `RCPT TO:<${checked(forwardPath)}>${serializeParameters(parameters ?? NOTHING)}\r\n`;
  return out;
}

/** An address that would end the line, or the path, early is a fault of the caller's. */
function checked(address: string): string {
  if (/[\x00-\x1f\x7f]/.test(address)) throw new RangeError('control character in an address');
  return address;
}

/** The refusal of a whole conversation as an error. */
export const refusalError = (phase: RelayPhase, reply: SmtpReply): RelayError =>
  new RelayError(phase, false, `${phase}: ${formatReply(reply)}`, { reply });
