import { type ClientConnection, ConnectionOutput, PulledInput } from '#connection';
import { type AccountSpec, type MailStore, MailStoreError } from '#mailstore/api';
import {
  decodePop3Mark,
  encodePop3Mark,
  errorLine,
  LineReader,
  okLine,
  type Pop3Line,
  type Pop3ResponseCode,
  parseCommandLine,
} from '#protocol/pop3';
import { type Clock, type Logger, present, type RequestContext, type Timer } from '#stdx';
import type { CommandSession } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { Pop3Refusal, refusalOf } from './errors.ts';
import { DEFAULT_POP3_LIMITS, type Pop3Limits } from './limits.ts';
import { Maildrop } from './maildrop.ts';
import type { MaildropHolder, MaildropLocks } from './maildrop-locks.ts';

export interface Pop3SessionOptions {
  readonly store: MailStore;
  /** Of all sessions over this store. */
  readonly locks: MaildropLocks;
  readonly context: RequestContext;
  readonly account: AccountSpec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connection: ClientConnection;
  readonly limits?: Partial<Pop3Limits>;
  /** State from which a lost owner's session goes on, silently; absent for one whose sign-in is to be answered. */
  readonly mark?: Uint8Array | undefined;
}

/** Why a session is over; thrown through whatever was at work. '' is said to nobody. */
class SessionEnd extends Error {
  override readonly name = 'SessionEnd';
  constructor(
    readonly code: Pop3ResponseCode | null,
    readonly text: string,
  ) {
    super(text);
  }
}

/**
 * One signed-in client, in TRANSACTION state until QUIT (RFC 1939 §5). Laws:
 * - nothing is deleted but by QUIT;
 * - the client is read only between commands, so one is at work at a time and pipelined ones keep their order;
 * - an end of ours is said with `-ERR` and without a mark, so that no hub goes on elsewhere with what is over.
 */
export class Pop3Session implements CommandSession, MaildropHolder {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly out: ConnectionOutput;
  /** Monotonic time of the client's last sign of life. */
  activeAt: number;
  private readonly limits: Pop3Limits;
  private readonly connection: ClientConnection;
  private readonly input: PulledInput<Pop3Line>;
  private drop: Maildrop | undefined;
  private badCommands = 0;
  /** Units of this leg answered, as MARK counts them (`#protocol/handover`). */
  private answered = 0;
  /** A command is being carried out or its answer taken. */
  private atWork = false;
  private quitting = false;
  private leaving = false;
  private superseded = false;
  private timedOut = false;
  private timeout: Timer;

  constructor(private readonly options: Pop3SessionOptions) {
    this.store = options.store;
    this.context = options.context;
    this.connection = options.connection;
    this.limits = { ...DEFAULT_POP3_LIMITS, ...options.limits };
    this.out = new ConnectionOutput(options.connection);
    this.input = new PulledInput(options.connection, new LineReader(this.limits.lineBytesMax));
    this.activeAt = options.clock.monotonic();
    this.timeout = this.armTimeout(this.limits.idleTimeoutMs);
  }

  /** Serves the client until either side ends it. Never rejects. */
  async run(): Promise<void> {
    const { options, connection } = this;
    const { accountId } = options.account;
    try {
      await this.store.ensureAccount(this.context, options.account);
      if (!(await options.locks.acquire(accountId, this, this.limits)))
        throw new SessionEnd('IN-USE', 'Another client has the maildrop');
      await this.open();
      while (!this.quitting) await this.step();
      this.out.flush();
    } catch (error) {
      this.fail(error);
    } finally {
      options.locks.release(accountId, this);
      this.timeout.cancel();
      connection.end();
    }
  }

  get maildrop(): Maildrop {
    return present(this.drop, 'open maildrop');
  }

  giveWay(): void {
    this.superseded = true;
    this.stopWaiting();
  }

  /** The volume leaves in order: ends once what is at work is answered and marked, and begins nothing more. */
  leave(): void {
    this.leaving = true;
    this.input.wake();
  }

  async drained(): Promise<void> {
    const room = this.out.drained();
    if (!room) return;
    await room;
    this.activeAt = this.options.clock.monotonic();
    if (this.connection.gone) throw new SessionEnd(null, '');
  }

  breakOff(error: unknown): never {
    this.options.logger.error({ err: error }, 'pop3 answer broken off');
    this.out.discard();
    this.connection.destroy();
    throw new SessionEnd(null, '');
  }

  quit(): void {
    this.quitting = true;
  }

  private async open(): Promise<void> {
    const mark = this.options.mark && decodePop3Mark(this.options.mark);
    this.drop = await Maildrop.open(this.store, this.context, this.options.account.accountId, mark);
    if (!this.drop) throw new SessionEnd('SYS/TEMP', 'Too much has changed, connect again');
    if (!mark) this.out.raw(okLine('Logged in'));
    this.settle();
  }

  private async step(): Promise<void> {
    const line = await this.nextLine();
    this.activeAt = this.options.clock.monotonic();
    this.atWork = true;
    try {
      await this.execute(line);
      this.badCommands = 0;
    } catch (error) {
      this.refuse(error);
    }
    this.answered++;
    if (!this.quitting) this.settle();
    await this.drained();
    this.atWork = false;
  }

  private async nextLine(): Promise<Pop3Line> {
    for (;;) {
      const line = this.superseded || this.timedOut || this.leaving ? undefined : this.input.poll();
      if (line === null) throw new SessionEnd(null, '');
      if (line) return line;
      if (this.superseded) throw new SessionEnd('IN-USE', 'Another client has taken the maildrop');
      if (this.timedOut) throw new SessionEnd(null, 'Nothing heard for too long');
      // Through a hub the next owner goes on from the last mark; a client of our own is told.
      if (this.leaving) throw new SessionEnd('SYS/TEMP', this.connection.mark ? '' : 'The mail moves, connect again');
      await this.input.wait();
    }
  }

  private async execute(line: Pop3Line): Promise<void> {
    if (line.kind === 'tooLong') throw this.bad('Line too long');
    const { name, rest } = parseCommandLine(line.text);
    const command = COMMANDS.get(name);
    if (!command) throw this.bad('Unknown command');
    await command.run(this, command.parse(rest));
  }

  private bad(text: string): Pop3Refusal {
    this.badCommands++;
    return new Pop3Refusal(null, text);
  }

  private refuse(error: unknown): void {
    const refusal = refusalOf(error);
    // Through a hub the next owner goes on from the last mark, with this command.
    if (!refusal || (isAway(error) && this.connection.mark)) throw error;
    if (error instanceof MailStoreError && error.code === 'corrupt')
      this.options.logger.error({ err: error }, 'stored bytes unreadable');
    this.out.raw(errorLine(refusal.code, refusal.text));
    if (this.badCommands >= this.limits.badCommandsMax) throw new SessionEnd(null, 'Too many commands that are none');
  }

  private settle(): void {
    this.out.flush();
    if (this.connection.mark && !this.connection.gone)
      this.connection.mark(this.answered, encodePop3Mark(this.maildrop.toMark()));
  }

  private fail(error: unknown): void {
    const { out, options } = this;
    if (error instanceof SessionEnd) {
      if (error.text !== '') out.raw(errorLine(error.code, error.text));
    } else if (isAway(error)) {
      if (this.connection.mark && this.drop) out.discard();
      else out.raw(errorLine('SYS/TEMP', 'The mail moves, connect again'));
    } else {
      options.logger.error({ err: error }, 'pop3 session failed');
      out.raw(errorLine('SYS/TEMP', 'Internal error'));
    }
    out.flush();
  }

  private armTimeout(delayMs: number): Timer {
    const { clock } = this.options;
    return clock.after(delayMs, () => {
      const left = this.activeAt + this.limits.idleTimeoutMs - clock.monotonic();
      if (left > 0) {
        this.timeout = this.armTimeout(left);
        return;
      }
      this.timedOut = true;
      this.stopWaiting();
    });
  }

  /** Wakes a session that waits for its client; one whose client takes nothing of an answer is cut off. */
  private stopWaiting(): void {
    this.input.wake();
    if (this.atWork) this.connection.destroy();
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof MailStoreError && (error.code === 'unavailable' || error.code === 'stale');
