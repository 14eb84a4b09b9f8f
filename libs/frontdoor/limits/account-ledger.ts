import type { Clock } from '#stdx';
import type { Bulletin } from './bulletin.ts';
import { SharedTally } from './shared-tally.ts';

export interface AccountLimits {
  /** Sessions of one account at once, over all hubs and protocols. 100: Gmail allows 15 of IMAP to a person; a mailbox may be an office's. */
  readonly sessionsMax: number;
  /** Recipients one account may submit to in a day (UTC), over all hubs. 10,000: Exchange Online's. */
  readonly recipientsPerDayMax: number;
}

export const DEFAULT_ACCOUNT_LIMITS: AccountLimits = { sessionsMax: 100, recipientsPerDayMax: 10_000 };

const DAY_MS = 86_400_000;

/** What each account is using of what it may. In memory: a hub that starts anew has forgotten its own share of the day. */
export class AccountLedger {
  private readonly sessions: SharedTally;
  private readonly recipients: SharedTally;
  private day: number;

  constructor(
    bulletin: Bulletin,
    private readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>,
    private readonly limits: AccountLimits = DEFAULT_ACCOUNT_LIMITS,
  ) {
    this.sessions = new SharedTally({ topic: 'sessions', sharedFrom: 5 }, bulletin, clock);
    this.recipients = new SharedTally({ topic: 'recipients', sharedFrom: 50 }, bulletin, clock);
    this.day = this.today();
  }

  mayEnter(accountId: string): boolean {
    return this.sessions.total(accountId) < this.limits.sessionsMax;
  }

  /** A session began: `leave` is to be called at its end. */
  enter(accountId: string): void {
    this.sessions.add(accountId, 1);
  }

  leave(accountId: string): void {
    this.sessions.add(accountId, -1);
  }

  /** Whether so many more recipients are within today's. */
  maySubmitTo(accountId: string, recipients: number): boolean {
    this.turnDay();
    return this.recipients.total(accountId) + recipients <= this.limits.recipientsPerDayMax;
  }

  submitted(accountId: string, recipients: number): void {
    this.turnDay();
    this.recipients.add(accountId, recipients);
  }

  private turnDay(): void {
    const today = this.today();
    if (today !== this.day) this.recipients.clear();
    this.day = today;
  }

  private today(): number {
    return Math.floor(this.clock.now() / DAY_MS);
  }
}
