import { type ClientConnection, ConnectionOutput, PulledInput } from '#connection';
import { type AccountScripts, type AccountSpec, type MailStore, MailStoreError } from '#mailstore/api';
import { formatResponse, type ManageSieveCode, type ManageSieveEvent, ManageSieveFramer } from '#protocol/managesieve';
import type { Clock, Logger, RequestContext, Timer } from '#stdx';
import { bindArguments, type CommandSession, LEFT_TO_HUB } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { refusalOf } from './errors.ts';
import { DEFAULT_MANAGESIEVE_LIMITS, type ManageSieveLimits } from './limits.ts';

export interface ManageSieveSessionOptions {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly account: AccountSpec;
  readonly connection: ClientConnection;
  /** The OK of the sign-in is to be said; or the session goes on from a lost owner's mark, silently. */
  readonly greeting: 'signedIn' | 'resumed';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<ManageSieveLimits>;
}

/** Between commands a session is nothing but its account. */
const MARK = Buffer.from('1');

/**
 * One signed-in ManageSieve client (RFC 5804). Laws:
 * - one command at a time, each with one OK, NO or BYE; an answer and its mark leave together;
 * - what cannot be done because the volume is leaving is not answered: the next owner is asked the same again;
 * - no text of an internal error reaches a client.
 */
export class ManageSieveSession implements CommandSession {
  readonly context: RequestContext;
  readonly accountId: string;
  readonly email: string;
  readonly scripts: AccountScripts;
  readonly limits: ManageSieveLimits;
  private readonly input: PulledInput<ManageSieveEvent>;
  private readonly out: ConnectionOutput;
  private answered = 0;
  private bad = 0;
  private ending = false;
  private leaving = false;
  private timedOut = false;
  private timeout: Timer;

  constructor(private readonly options: ManageSieveSessionOptions) {
    const { context, account, store, connection } = options;
    this.context = context;
    this.accountId = account.accountId;
    this.email = account.email;
    this.scripts = store.scripts;
    this.limits = { ...DEFAULT_MANAGESIEVE_LIMITS, ...options.limits };
    this.input = new PulledInput(connection, new ManageSieveFramer(this.limits.syntax));
    this.out = new ConnectionOutput(connection);
    this.timeout = this.armTimeout();
  }

  /** Serves the client until either side ends it. Never rejects. */
  async run(): Promise<void> {
    const { options } = this;
    try {
      await options.store.ensureAccount(this.context, options.account);
      if (options.greeting === 'signedIn') this.say('OK', 'Signed in');
      this.settle();
      while (!this.ending) await this.step();
    } catch (error) {
      this.fail(error);
    } finally {
      this.timeout.cancel();
      options.connection.end();
    }
  }

  /** The volume leaves in order: ends between commands, so that the next owner can go on. */
  leave(): void {
    this.leaving = true;
    this.input.wake();
  }

  get behindHub(): boolean {
    return this.options.connection.askHub !== undefined;
  }

  write(text: string): void {
    this.out.raw(text);
  }

  end(): void {
    this.ending = true;
  }

  private async step(): Promise<void> {
    const event = await this.next();
    this.timeout.cancel();
    if (event === 'closed' || event === 'leaving') {
      // Through a hub the next owner goes on from the last mark; a client of our own is told.
      if (event === 'leaving' && !this.options.connection.mark) this.say('BYE', 'Connect again', 'TRYLATER');
      this.ending = true;
    } else if (event === 'timeout') this.bye('Nothing heard for too long');
    else if (event.kind === 'overrun') this.bye('Command is too long');
    else {
      await this.answer(event);
      this.answered++;
    }
    this.settle();
    // A client that does not read is not answered further.
    await this.out.drained();
    this.timeout = this.armTimeout();
  }

  private async next(): Promise<ManageSieveEvent | 'closed' | 'leaving' | 'timeout'> {
    for (;;) {
      if (this.leaving) return 'leaving';
      if (this.timedOut) return 'timeout';
      const event = this.input.poll();
      if (event !== undefined) return event ?? 'closed';
      await this.input.wait();
    }
  }

  private async answer(event: Exclude<ManageSieveEvent, { kind: 'overrun' }>): Promise<void> {
    if (event.kind === 'fault' && event.isTooLarge) {
      this.say('NO', event.text, 'QUOTA/MAXSIZE');
      return;
    }
    if (event.kind !== 'command') {
      this.countBad(event.kind === 'fault' ? event.text : 'No challenge is open');
      return;
    }
    try {
      await this.execute(event);
    } catch (error) {
      if (error instanceof MailStoreError && isAway(error) && this.options.connection.mark) throw error;
      this.refuse(error);
    }
  }

  private async execute({ name, arguments: sent }: ManageSieveEvent & { kind: 'command' }): Promise<void> {
    const command = COMMANDS.get(name);
    if (!command) {
      this.countBad('Unknown command');
      return;
    }
    this.bad = 0;
    const answer = await command.run(this, bindArguments(command, sent));
    if (answer === LEFT_TO_HUB) this.signOut();
    else this.say('OK', answer.text, answer.code);
  }

  /** The session is over here; the hub answers, and goes on with the client. */
  private signOut(): void {
    this.options.connection.askHub?.({ kind: 'unauthenticate', tag: '', answered: this.answered + 1 });
    this.ending = true;
  }

  private refuse(error: unknown): void {
    // An answer that began cannot become a refusal.
    this.out.discard();
    const refusal = refusalOf(error);
    if (!refusal) this.options.logger.error({ err: error }, 'managesieve command failed');
    this.say('NO', refusal?.text ?? 'Internal error', refusal?.code);
  }

  private countBad(text: string): void {
    this.say('NO', text);
    if (++this.bad >= this.limits.badCommandsMax) this.bye('Too many bad commands');
  }

  private bye(text: string): void {
    this.say('BYE', text);
    this.ending = true;
  }

  private say(status: 'OK' | 'NO' | 'BYE', text: string, code?: ManageSieveCode): void {
    this.out.raw(formatResponse(status, text, code));
  }

  /** An answer whose mark was lost with us would cost the client its connection. After LOGOUT nobody goes on. */
  private settle(): void {
    const { connection } = this.options;
    connection.together(() => {
      this.out.flush();
      if (!this.ending && !connection.gone) connection.mark?.(this.answered, MARK);
    });
  }

  private fail(error: unknown): void {
    const isLeaving = error instanceof MailStoreError && isAway(error);
    if (isLeaving && this.options.connection.mark) return;
    if (!isLeaving) this.options.logger.error({ err: error }, 'managesieve session failed');
    this.out.discard();
    this.ending = true;
    this.say('BYE', isLeaving ? 'Connect again' : 'Internal error', ...(isLeaving ? (['TRYLATER'] as const) : []));
    this.settle();
  }

  private armTimeout(): Timer {
    return this.options.clock.after(this.limits.idleTimeoutMs, () => {
      this.timedOut = true;
      this.input.wake();
    });
  }
}

const isAway = ({ code }: MailStoreError): boolean => code === 'unavailable' || code === 'stale';
