import type { ClientConnection } from '#connection';
import { type Mailbox, type MailboxRef, type MailStore, MailStoreError, type ModSeq, type Uid } from '#mailstore/api';
import { MARK_STATE_BYTES_MAX } from '#protocol/handover';
import {
  decodeImapMark,
  encodeImapMark,
  expandSequenceSet,
  formatSequenceSet,
  type ImapMark,
  type NameEncoding,
  type NotifyRequest,
  type SequenceSet,
} from '#protocol/imap';
import { type Clock, type Logger, present, type RequestContext, type Timer } from '#stdx';
import type { CommandSession, Enabled, Progress, SessionState } from './command.ts';
import { CommandLoop } from './command-loop.ts';
import { ImapRefusal } from './errors.ts';
import { capabilityList } from './extensions.ts';
import { ImapInput } from './input.ts';
import { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
import { fetchNew } from './notify/fetch-new.ts';
import { Notifier } from './notify/notifier.ts';
import { openView, resumeView, SELECTED_IS_GONE } from './open-view.ts';
import { ImapOutput } from './output.ts';
import type { ImapSessionOptions } from './session-options.ts';
import { claimRecent, tellChanges } from './sync.ts';
import type { MailboxView, Selection } from './view.ts';

/** Why a session is over; thrown through whatever was at work. */
class SessionEnd extends Error {
  override readonly name = 'SessionEnd';
}

/**
 * One signed-in client. Laws:
 * - Nothing is told that is not durable: the store answers only then.
 * - Sequence numbers change only by EXPUNGE and EXISTS that were sent, and EXPUNGE is sent only where RFC 9051 §7.5.1 lets it.
 * - The client is read only between commands, so one command is at work at a time and pipelined ones keep their order.
 * - Idle, it holds its view's uids and nothing the size of a buffer.
 */
export class ImapSession implements CommandSession {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly accountId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ImapLimits;
  readonly out: ImapOutput;
  readonly input: ImapInput;
  readonly enabled = new Set<Enabled>();
  readonly connection: ClientConnection;
  savedSearch: readonly Uid[] | null = [];
  progress: Progress | null = null;
  stale = false;
  /** Units of this leg answered, as MARK counts them (`#protocol/handover`); the login that began it is none. */
  answered = 0;
  private current: MailboxView | null = null;
  private readonly notifier = new Notifier(this, () => this.input.wake());
  /** The running command has changed the selected mailbox itself. */
  private hasTouched = false;
  /** The selected mailbox has changed while the client did not want to hear of it. */
  private isBehind = false;
  private unwatch: (() => void) | null = null;
  private readonly told = new Map<Uid, ModSeq>();
  private idleTag: string | null = null;
  private ending = false;
  private leaving = false;
  private markedAt = '';
  private lastHeard: number;
  private timedOut = false;
  private timeout: Timer;

  constructor(private readonly options: ImapSessionOptions) {
    this.store = options.store;
    this.accountId = options.account.accountId;
    // The store holds this account to what others share with it.
    this.context = { ...options.context, accountId: this.accountId };
    this.clock = options.clock;
    this.logger = options.logger;
    this.limits = { ...DEFAULT_IMAP_LIMITS, ...options.limits };
    this.connection = options.connection;
    this.out = new ImapOutput(options.connection);
    this.input = new ImapInput(options.connection, this.limits.syntax);
    this.lastHeard = this.clock.monotonic();
    this.timeout = this.armTimeout(this.limits.idleTimeoutMs);
  }

  /** Serves the client until either side ends it. Never rejects. */
  async run(): Promise<void> {
    const { options, connection } = this;
    try {
      await this.store.ensureAccount(this.context, options.account);
      const loop = new CommandLoop(this, options.hooks ?? {});
      await this.greet(loop);
      while (!this.ending) await loop.step();
      this.settle();
      connection.end();
    } catch (error) {
      this.fail(error);
    } finally {
      this.unselect();
      this.notifier.stop();
      this.timeout.cancel();
    }
  }

  private fail(error: unknown): void {
    const { connection, logger } = this;
    if (error instanceof SessionEnd) {
      if (!connection.gone && error.message !== '') this.out.untagged(`BYE ${error.message}`);
      this.out.flush();
      connection.end();
    } else if (error instanceof MailStoreError && isAway(error)) {
      // Through a hub the next owner goes on from the last mark; a client of our own is told.
      if (connection.mark) this.out.discard();
      else this.out.untagged('BYE [UNAVAILABLE] The mail store moves, connect again');
      this.out.flush();
      connection.end();
    } else {
      logger.error({ err: error }, 'imap session failed');
      this.out.untagged('BYE [SERVERBUG] Internal error');
      this.out.flush();
      connection.end();
    }
  }

  private async greet(loop: CommandLoop): Promise<void> {
    const { greeting, account } = this.options;
    if (greeting === 'preauth') this.out.untagged(`PREAUTH [CAPABILITY ${this.capabilities()}] ${account.email}`);
    else if ('tag' in greeting) this.out.raw(`${greeting.tag} OK [CAPABILITY ${this.capabilities()}] Logged in\r\n`);
    else await this.resume(greeting.mark, loop);
  }

  // ---- what commands use

  get view(): MailboxView {
    return present(this.current, 'selected mailbox');
  }

  get isSelected(): boolean {
    return this.current !== null;
  }

  get state(): SessionState {
    return this.current ? 'selected' : 'authenticated';
  }

  get names(): NameEncoding {
    return this.enabled.has('IMAP4REV2') || this.enabled.has('UTF8=ACCEPT') ? 'utf8' : 'utf7';
  }

  get behindHub(): boolean {
    return this.connection.askHub !== undefined;
  }

  capabilities(): string {
    return capabilityList(this.limits, this.behindHub);
  }

  enable(what: Enabled): void {
    this.enabled.add(what);
    // RFC 7162 §3.2.3: QRESYNC implies CONDSTORE.
    if (what === 'QRESYNC') this.enabled.add('CONDSTORE');
  }

  async select(name: string, readOnly: boolean): Promise<{ mailbox: Mailbox; view: MailboxView }> {
    const { mailbox, view, stale } = await openView(this, name, readOnly);
    this.current = view;
    // Never set back: a change published since has made it stale already.
    this.stale ||= stale;
    if (!this.enabled.has('IMAP4REV2') && mailbox.recentUid < mailbox.uidNext) await claimRecent(this, view);
    return { mailbox, view };
  }

  unselect(): boolean {
    this.unwatch?.();
    this.unwatch = null;
    const was = this.current !== null;
    this.current = null;
    this.savedSearch = [];
    this.stale = false;
    this.isBehind = false;
    this.told.clear();
    return was;
  }

  resolve(set: SequenceSet, uid: boolean): Selection {
    if (set === '$') return this.view.byKnownUids(this.saved());
    return uid ? this.view.byUid(set) : this.view.bySequence(set);
  }

  private saved(): readonly Uid[] {
    // RFC 5182 §2.2.
    if (!this.savedSearch) throw new ImapRefusal('NOTSAVED', 'The saved result is lost, search again');
    return this.savedSearch;
  }

  assertWritable(): void {
    if (this.view.readOnly) throw new ImapRefusal(null, 'The mailbox is open read-only');
  }

  touched(): void {
    this.stale = true;
    this.hasTouched = true;
  }

  toldFlags(uid: Uid, modSeq: ModSeq): void {
    this.told.set(uid, modSeq);
  }

  knowsFlags(uid: Uid, modSeq: ModSeq): boolean {
    return modSeq <= this.view.flagsToldTo || this.told.get(uid) === modSeq;
  }

  async sync(expunges: boolean): Promise<void> {
    const view = this.current;
    if (!view) return;
    const { messages, flags, fetch } = this.notifier.selected;
    const isOwn = this.hasTouched;
    // Cleared first: a commit during the look makes it stale again.
    this.stale = false;
    this.hasTouched = false;
    if (!messages && !isOwn) {
      this.isBehind = true;
      return;
    }
    const added = await tellChanges(this, view, this.told, { expunges, flags: flags || isOwn }).catch(endIfGone);
    if (fetch.length > 0 && added.length > 0) await fetchNew(this, fetch, added);
    this.told.clear();
    // Expunges that may not be told yet wait for the next command that may.
    if (view.expungesToldTo < view.flagsToldTo) this.stale = true;
  }

  async notify(request: NotifyRequest, status: boolean): Promise<void> {
    await this.notifier.set(request, status);
    const { messages, flags } = this.notifier.selected;
    if (flags && this.current?.unhideFlags()) this.stale = true;
    if (messages && this.isBehind) this.stale = true;
  }

  get hasNews(): boolean {
    return this.stale || this.notifier.pending;
  }

  async tellNews(): Promise<void> {
    if (this.stale) await this.sync(true);
    await this.notifier.tell();
  }

  async tellUnasked(): Promise<void> {
    const { unasked } = this.notifier.selected;
    if (this.stale && unasked !== 'nothing') await this.sync(unasked === 'all');
    await this.notifier.tell();
  }

  /** The volume leaves in order: ends once what is at work is answered and marked, and begins nothing more. */
  leave(): void {
    this.leaving = true;
    this.input.wake();
  }

  settle(): void {
    // An answer whose mark was lost with us would cost the client its connection.
    this.connection.together(() => {
      this.out.flush();
      this.mark();
    });
    // Through a hub the next owner goes on from that mark; a client of our own is told.
    if (this.leaving && !this.ending)
      throw new SessionEnd(this.connection.mark ? '' : '[UNAVAILABLE] The mail store moves, connect again');
  }

  private mark(): void {
    const { connection } = this;
    // After LOGOUT nobody goes on: a mark would make the hub hold the client for the next owner.
    if (!connection.mark || connection.gone || this.ending) return;
    const state = encodeImapMark(this.toMark(), MARK_STATE_BYTES_MAX);
    const at = `${this.answered} ${state.toString('latin1')}`;
    if (at === this.markedAt) return;
    this.markedAt = at;
    connection.mark(this.answered, state);
  }

  idling(tag: string | null): void {
    this.idleTag = tag;
    if (tag !== null) this.answered++;
  }

  async waitForNews(): Promise<void> {
    const notify = this.clock.after(this.limits.idleNotifyMs, () => {
      this.out.untagged('OK Still here');
      this.input.wake();
    });
    await this.wait();
    notify.cancel();
  }

  logout(): void {
    this.ending = true;
  }

  // ---- what the loop uses

  /** Sleeps until the client sends something or the session must end. */
  async wait(): Promise<void> {
    this.settle();
    await this.out.drained();
    await this.input.wait();
    if (this.timedOut) throw new SessionEnd('Nothing heard for too long');
  }

  heard(): void {
    this.lastHeard = this.clock.monotonic();
  }

  end(reason: string): never {
    throw new SessionEnd(reason);
  }

  breakOff(error: unknown): never {
    this.logger.error({ err: error }, 'imap answer broken off');
    this.out.discard();
    this.connection.destroy();
    throw new SessionEnd('');
  }

  // ---- marks

  toMark(): ImapMark {
    return {
      enabled: [...this.enabled],
      selected: this.current?.toMark(this.accountId) ?? null,
      idleTag: this.idleTag,
      savedSearch: this.savedSearch && formatSequenceSet(this.savedSearch),
      notify: this.notifier.toMark(),
    };
  }

  /** Goes on from a mark of another owner: rebuilds the view as the client knows it; the next sync tells what is new. */
  private async resume(bytes: Uint8Array, loop: CommandLoop): Promise<void> {
    const mark = decodeImapMark(bytes);
    for (const name of mark.enabled) this.enabled.add(name as Enabled);
    if (mark.selected) {
      const view = await resumeView(this, mark.selected);
      if (typeof view === 'string') throw new SessionEnd(view);
      this.current = view;
      this.stale = true;
      this.savedSearch = mark.savedSearch === null ? null : expandSequenceSet(mark.savedSearch);
    }
    if (mark.notify !== null) await this.notifier.resume(mark.notify);
    if (mark.idleTag !== null) await loop.resumeIdle(mark.idleTag);
  }

  watch({ accountId, mailboxId }: MailboxRef): void {
    this.unwatch?.();
    this.unwatch = this.store.watch(accountId, (change) => {
      if (!change.mailboxes.includes(mailboxId)) return;
      this.stale = true;
      if (this.idleTag !== null || this.notifier.selected.unasked !== 'nothing') this.input.wake();
    });
  }

  private armTimeout(delayMs: number): Timer {
    return this.clock.after(delayMs, () => {
      const left = this.lastHeard + this.limits.idleTimeoutMs - this.clock.monotonic();
      if (left > 0) {
        this.timeout = this.armTimeout(left);
        return;
      }
      this.timedOut = true;
      this.input.wake();
    });
  }
}

const isAway = ({ code }: MailStoreError): boolean => code === 'unavailable' || code === 'stale';

function endIfGone(error: unknown): never {
  if (error instanceof MailStoreError && error.code === 'mailboxNotFound') throw new SessionEnd(SELECTED_IS_GONE);
  throw error;
}
