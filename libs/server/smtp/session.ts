import type { Duplex } from 'node:stream';
import {
  parseCommandLine,
  refuse,
  type SmtpBackend,
  type SmtpPath,
  SmtpRefusal,
  type SmtpReply,
  serializeReply,
  smtpReply,
} from '#protocol/smtp';
import { type Clock, type Deferred, deferred, InvariantError, type Logger, type Timer } from '#stdx';
import { Channel } from './channel.ts';
import { InputBuffer, type LineFault } from './input.ts';
import { MessageBody } from './message-body.ts';
import { PeerState } from './peer-state.ts';
import type { Receiver } from './receiver.ts';
import { type SmtpSessionOptions, type SmtpSettings, settingsOf } from './settings.ts';
import { OpenTransaction } from './transaction.ts';
import type { VerbSession } from './verb.ts';
import { verbsOf } from './verbs/index.ts';

/** Unused input above which the socket is no longer read: pipelined commands wait in the client, not here. */
const INPUT_BYTES_MAX = 64 * 1024;
/** How long a closed session waits for the client to take the last reply. */
const LINGER_MS = 5_000;
/** Browsers made to speak SMTP by a web page: Postfix's smtpd_forbidden_commands. */
const FORBIDDEN_VERBS = new Set(['CONNECT', 'GET', 'POST']);
const MESSAGE_VERBS = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT']);

type Outcome = SmtpReply | readonly SmtpReply[] | null;

/**
 * One SMTP, submission or LMTP session over a socket. Its laws:
 * - one command at a time; what is pipelined behind it waits in the input, and then in the client;
 * - message bytes pass through, never gathered beyond the limits, and their end is CRLF . CRLF and nothing else;
 * - nothing received before a TLS handshake is read after it;
 * - whatever happens inside, the client sees a reply of the protocol or a closed connection.
 */
export class SmtpSession implements VerbSession {
  readonly settings: SmtpSettings;
  readonly backend: SmtpBackend;
  readonly peer: PeerState;
  readonly logger: Logger;
  transaction: OpenTransaction | null = null;
  ended = false;
  authFailures = 0;

  private readonly channel: Channel;
  private readonly clock: Clock;
  private readonly input = new InputBuffer();
  private readonly finished = deferred();
  private receiver: Receiver | null = null;
  private prompted: Deferred<Buffer | null> | null = null;
  /** Guards `feed`: a body that fails while being filled makes room, and asks for more. */
  private feeding = false;
  private busy = false;
  private closing = false;
  private inputEnded = false;
  /** The connection has closed. */
  private lost = false;
  private securing = false;
  private errors = 0;
  private idleCommands = 0;
  private transactions = 0;
  private activeAt: number;
  private idleTimer: Timer | null = null;

  constructor(
    socket: Duplex,
    private readonly options: SmtpSessionOptions,
  ) {
    this.settings = settingsOf(options);
    this.backend = options.backend;
    this.clock = options.clock;
    this.logger = options.logger;
    this.peer = new PeerState(options.peer, options.mode);
    this.activeAt = this.clock.monotonic();
    this.channel = new Channel(socket, {
      data: (chunk) => {
        // A session that has ended reads on only so that the last reply is not lost to a reset.
        if (this.ended) return;
        this.activeAt = this.clock.monotonic();
        this.input.push(chunk);
        this.advance();
      },
      end: () => {
        this.inputEnded = true;
        this.advance();
      },
      drained: () => this.advance(),
      secured: () => {
        this.securing = false;
        this.peer.tls = this.channel.tls;
      },
      closed: (error) => this.gone(error),
    });
    if (options.implicitTls)
      this.peer.tls = this.channel.tls ?? { protocol: 'TLS', cipher: 'unknown', channelBindings: new Map() };
    this.greet();
    this.watchIdle(this.settings.limits.idleTimeoutMs);
  }

  /** Resolves when the connection has closed and nothing of the session is left running. Never rejects. */
  get closed(): Promise<void> {
    return this.finished.promise;
  }

  get startTlsOffered(): boolean {
    return this.settings.startTls && this.peer.tls === null;
  }

  /** Ends the session at the next command boundary: 421 4.3.2, or at once when it is between commands. */
  shutdown(): void {
    if (this.busy) this.closing = true;
    else this.bye(smtpReply(421, '4.3.2', `${this.settings.hostname} is shutting down`));
  }

  /** Ends it now, without a word. */
  destroy(): void {
    this.channel.destroy();
  }

  // What verbs ask.

  begin(reversePath: SmtpPath): OpenTransaction {
    if (++this.transactions > this.settings.limits.transactionsMax) {
      this.close();
      refuse(421, '4.7.0', 'Too many messages in one session');
    }
    this.transaction = new OpenTransaction(`${this.peer.sessionId}.${this.transactions}`, reversePath);
    return this.transaction;
  }

  reset(): void {
    const { transaction } = this;
    this.transaction = null;
    this.peer.smtputf8 = false;
    if (!transaction) return;
    if (transaction.chunks) transaction.chunks.text.body.fail('transaction ended');
    else this.abort(transaction);
  }

  abort(transaction: OpenTransaction): void {
    try {
      this.backend.abort?.(this.peer, transaction);
    } catch (error) {
      this.logger.error({ err: error, transaction: transaction.id }, 'transaction could not be ended in order');
    }
  }

  send(reply: SmtpReply): void {
    if (!this.ended) this.channel.write(serializeReply(reply));
  }

  prompt(reply: SmtpReply): Promise<Buffer | null> {
    this.send(reply);
    this.prompted = deferred<Buffer | null>();
    const { promise } = this.prompted;
    this.advance();
    return promise;
  }

  newBody(): MessageBody {
    const { wholeBytesMax, bodyBufferBytes } = this.settings.limits;
    return new MessageBody(wholeBytesMax, bodyBufferBytes, () => this.advance());
  }

  receive(receiver: Receiver): Promise<void> {
    if (this.ended) receiver.finish();
    else this.receiver = receiver;
    this.advance();
    return receiver.finished;
  }

  upgrade(reply: SmtpReply): void {
    this.send(reply);
    const discarded = this.input.clear();
    if (discarded > 0) this.logger.warn({ bytes: discarded }, 'commands sent behind STARTTLS were discarded');
    this.securing = true;
    this.channel.upgrade(this.options.tls!());
  }

  close(): void {
    this.closing = true;
  }

  // The loop.

  private greet(): void {
    const { hostname, mode } = this.settings;
    const reply = this.options.refusal ?? {
      code: 220,
      text: `${hostname} ${mode === 'lmtp' ? 'LMTP' : 'ESMTP'} ready`,
    };
    if (reply.code === 421) this.bye(reply);
    else this.send(reply);
  }

  private advance(): void {
    if (this.receiver) this.feed();
    if (this.prompted) this.answerPrompt();
    while (!this.receiver && !this.busy && !this.ended && !this.channel.blocked) {
      const line = this.input.line(this.settings.limits.commandLineBytesMax);
      if (line === null) break;
      this.execute(line);
    }
    if (this.inputEnded && !this.ended) this.outOfInput();
    if (this.input.length > INPUT_BYTES_MAX) this.channel.pause();
    else this.channel.resume();
  }

  private feed(): void {
    if (this.feeding) return;
    this.feeding = true;
    const receiver = this.receiver!;
    while (!receiver.done && !receiver.full && !receiver.hopeless && this.input.length > 0)
      this.input.consume(receiver.push(this.input.oldest));
    this.feeding = false;
    if (receiver.hopeless) this.bye(smtpReply(552, '5.3.4', 'Message too large'));
    else if (receiver.done) {
      this.receiver = null;
      receiver.finish();
    }
  }

  private answerPrompt(): void {
    const line = this.input.line(this.settings.limits.authLineBytesMax);
    if (line === null) return;
    const { prompted } = this;
    this.prompted = null;
    prompted!.resolve(typeof line === 'string' ? null : line);
  }

  /** Nothing more will come: what needs more input is lost, what was asked is answered. */
  private outOfInput(): void {
    if (this.prompted || !this.busy || (this.receiver && this.input.length === 0)) this.end();
  }

  private execute(line: Buffer | LineFault): void {
    this.busy = true;
    try {
      const outcome = this.dispatch(line);
      if (outcome instanceof Promise) outcome.then(this.completedLater, this.failedLater);
      else this.completed(outcome);
    } catch (error) {
      this.failed(error);
    }
  }

  private dispatch(line: Buffer | LineFault): Outcome | Promise<Outcome> {
    if (line === 'tooLong') refuse(500, '5.5.2', 'Line too long');
    if (line === 'bareLineFeed') refuse(500, '5.5.2', 'Lines end with CR LF');
    const { verb, argument } = parseCommandLine(line as Buffer);
    if (FORBIDDEN_VERBS.has(verb)) {
      this.close();
      refuse(421, '4.7.0', 'This is not a web server');
    }
    if (this.options.refusal && verb !== 'QUIT') refuse(503, '5.5.1', 'Only QUIT is welcome');
    if (!MESSAGE_VERBS.has(verb) && ++this.idleCommands > this.settings.limits.idleCommandsMax) {
      this.close();
      refuse(421, '4.7.0', 'Too many commands without a message');
    }
    const known = verbsOf(this.settings.mode).get(verb);
    if (!known) refuse(500, '5.5.1', 'Command not recognized');
    if (verb === 'DATA' || verb === 'BDAT') this.idleCommands = 0;
    return known.run(this, argument);
  }

  private readonly completedLater = (outcome: Outcome): void => {
    this.completed(outcome);
    this.advance();
  };

  private readonly failedLater = (error: unknown): void => {
    this.failed(error);
    this.advance();
  };

  private completed(outcome: Outcome): void {
    this.busy = false;
    this.activeAt = this.clock.monotonic();
    if (this.ended) {
      this.settle();
      return;
    }
    if (outcome !== null) {
      if (isReplies(outcome)) for (const reply of outcome) this.send(reply);
      else this.send(outcome);
    }
    if (this.closing) this.end();
  }

  private failed(error: unknown): void {
    if (this.ended) {
      this.completed(null);
    } else if (error instanceof SmtpRefusal) {
      this.refused(error.reply);
    } else {
      this.logger.error({ err: error }, 'command failed');
      if (error instanceof InvariantError) this.close();
      this.completed(smtpReply(this.closing ? 421 : 451, '4.3.0', 'Local error in processing'));
    }
  }

  private refused(reply: SmtpReply): void {
    const { errorsMax, errorsUndelayed, errorDelayMs } = this.settings.limits;
    if (reply.code >= 500) this.errors++;
    if (this.errors >= errorsMax) {
      this.completed(reply);
      this.bye(smtpReply(421, '4.7.0', 'Too many errors'));
    } else if (reply.code < 500 || this.errors <= errorsUndelayed) this.completed(reply);
    else this.clock.after(errorDelayMs, () => this.completedLater(reply));
  }

  private bye(reply: SmtpReply): void {
    this.send(reply);
    this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.stop();
    this.channel.end();
    const linger = this.clock.after(LINGER_MS, () => this.channel.destroy());
    void this.closed.then(() => linger.cancel());
  }

  /** Nothing more is read or said; whoever waits for the client is let go. */
  private stop(): void {
    this.ended = true;
    this.input.clear();
    this.idleTimer?.cancel();
    this.transaction?.chunks?.text.body.fail('session ended');
    const { receiver, prompted } = this;
    this.receiver = null;
    this.prompted = null;
    if (receiver) {
      receiver.abandon();
      receiver.finish();
    }
    prompted?.resolve(null);
  }

  private gone(error: Error | null): void {
    if (!this.ended) {
      if (error) this.logger.debug({ err: error }, this.securing ? 'TLS handshake failed' : 'connection lost');
      this.stop();
    }
    this.lost = true;
    this.settle();
  }

  /** The verb that was running, if any, has come back: what it left open is dropped. */
  private settle(): void {
    if (this.busy) return;
    this.reset();
    if (this.lost) this.finished.resolve();
  }

  private watchIdle(delayMs: number): void {
    this.idleTimer = this.clock.after(delayMs, () => {
      const { idleTimeoutMs } = this.settings.limits;
      const waitsForClient = !this.busy || this.prompted !== null || (this.receiver !== null && !this.receiver.full);
      const idleMs = this.clock.monotonic() - this.activeAt;
      if (this.ended) return;
      if (!waitsForClient) this.watchIdle(idleTimeoutMs);
      else if (idleMs < idleTimeoutMs) this.watchIdle(idleTimeoutMs - idleMs);
      else if (this.securing) this.destroy();
      else this.bye(smtpReply(421, '4.4.2', 'Idle for too long'));
    });
  }
}

const isReplies = (outcome: SmtpReply | readonly SmtpReply[]): outcome is readonly SmtpReply[] =>
  Array.isArray(outcome);
