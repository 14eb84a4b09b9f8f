import { type MailStore, MailStoreError, type QueueEntry } from '#mailstore/api';
import { type Clock, type Logger, type Random, type RequestContext, systemContext, type Timer } from '#stdx';
import { Lane, laneKey } from './lane.ts';
import { deliverLocally } from './local-delivery.ts';
import { noticeDelivery } from './notices.ts';
import { outboundMessage } from './outbound-message.ts';
import { deferredOutcome } from './outcome.ts';
import type { AttemptResult, Destination, Destinations, Transport } from './ports.ts';
import { QUEUE_SETTINGS, type QueueSettings } from './settings.ts';
import { type SettlementFacts, settle } from './settlement.ts';

/** Entries asked of the store at a time. */
const LOAD_MAX = 500;
/** Wait before a store that refused is asked again. */
const STORE_RETRY_MS = 5_000;
/** However far away the next attempt is, the store is asked this often. */
const SLEEP_MS_MAX = 600_000;

export interface QueueRunnerOptions {
  readonly store: MailStore;
  readonly destinations: Destinations;
  readonly transport: Transport;
  /** Ours: who reports in bounces. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings?: Partial<QueueSettings>;
}

/**
 * Works off one volume's queue. Its laws:
 * - the store's queue is the only state that counts: what is here is a view of it, and may be lost at any moment;
 * - an entry leaves the store in the same commit that brings its bounce, and never before its fate is known;
 * - a message is given twice rather than not at all, where a crash or a broken connection leaves no third choice;
 * - nothing is ever reported to a null reverse-path.
 */
export class QueueRunner {
  private readonly settings: QueueSettings;
  private readonly context: RequestContext;
  /** Entries loaded and not yet settled. */
  private readonly taken = new Set<number>();
  private readonly lanes = new Map<string, Lane>();
  private readonly attempts = new Set<Promise<void>>();
  private timer: { readonly timer: Timer; readonly at: number } | null = null;
  private unwatch: () => void = () => {};
  private pumping: Promise<void> | null = null;
  private again = false;
  private stopped = true;

  constructor(private readonly options: QueueRunnerOptions) {
    this.settings = { ...QUEUE_SETTINGS, ...options.settings };
    this.context = systemContext('queue', `queue:${options.store.volumeId}`);
  }

  start(): void {
    this.stopped = false;
    this.unwatch = this.options.store.watchQueue((dueAt) => this.wakeAt(dueAt));
    this.wake();
  }

  /** Begins nothing new and waits for the attempts under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unwatch();
    this.timer?.timer.cancel();
    await this.pumping;
    await Promise.all(this.attempts);
  }

  /** For metrics. */
  get figures(): { readonly taken: number; readonly attempts: number; readonly lanes: number } {
    return { taken: this.taken.size, attempts: this.attempts.size, lanes: this.lanes.size };
  }

  /** Tries the entries now, however often they failed and whatever was thought of their destinations. */
  async retry(ids: readonly number[]): Promise<void> {
    for (const lane of this.lanes.values()) lane.answered();
    await this.change(ids, 'queued', this.options.clock.now());
    this.wake();
  }

  /** Leaves them in the queue, untried, until `retry`. An attempt under way is not called back. */
  async hold(ids: readonly number[]): Promise<void> {
    await this.change(ids, 'held');
  }

  /** Removes them; nobody is told. */
  async cancel(ids: readonly number[]): Promise<void> {
    await this.options.store.queueUpdate(
      this.context,
      ids.map((id) => ({ id, done: true })),
    );
  }

  private async change(ids: readonly number[], status: 'queued' | 'held', nextAttemptAt?: number): Promise<void> {
    const { store } = this.options;
    const found = await Promise.all(ids.map((id) => store.queueEntries({ after: id - 1, limit: 1 })));
    const entries = found.flat().filter(({ id }) => ids.includes(id));
    await store.queueUpdate(
      this.context,
      entries.map((entry) => ({
        id: entry.id,
        done: false,
        nextAttemptAt: nextAttemptAt ?? entry.nextAttemptAt,
        lastError: entry.lastError ?? '',
        status,
      })),
    );
  }

  private wakeAt(dueAt: number): void {
    if (this.stopped) return;
    const { clock } = this.options;
    const delayMs = Math.min(dueAt - clock.now(), SLEEP_MS_MAX);
    if (delayMs <= 0) {
      this.wake();
      return;
    }
    if (this.timer && this.timer.at <= clock.now() + delayMs) return;
    this.timer?.timer.cancel();
    const at = clock.now() + delayMs;
    const timer = clock.after(delayMs, () => {
      this.timer = null;
      this.wake();
    });
    this.timer = { timer, at };
  }

  private wake(): void {
    this.again = true;
    if (this.stopped) return;
    this.pumping ??= this.pump().finally(() => {
      this.pumping = null;
      if (this.again) this.wake();
    });
  }

  private async pump(): Promise<void> {
    try {
      while (this.again && !this.stopped) {
        this.again = false;
        await this.load();
      }
      if (!this.stopped) await this.sleepUntilNext();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'queue could not be read');
      this.wakeAt(this.options.clock.now() + STORE_RETRY_MS);
    }
  }

  /** Takes entries that are due into their lanes. */
  private async load(): Promise<void> {
    const { store, clock } = this.options;
    const room = Math.min(LOAD_MAX, this.settings.windowMax - this.taken.size);
    if (room <= 0) return;
    const limit = this.taken.size + room;
    const due = await store.queueDue(clock.now(), limit);
    const fresh = due.filter(({ id }) => !this.taken.has(id));
    for (const { id } of fresh) this.taken.add(id);
    await Promise.all(fresh.map((entry) => this.assign(entry)));
    this.startAll();
    if (due.length === limit) this.again = true;
  }

  private async sleepUntilNext(): Promise<void> {
    const next = await this.options.store.queueDue(Number.MAX_SAFE_INTEGER, this.taken.size + 1);
    const entry = next.find(({ id }) => !this.taken.has(id));
    if (entry && this.taken.size < this.settings.windowMax) this.wakeAt(entry.nextAttemptAt);
  }

  private async assign(entry: QueueEntry): Promise<void> {
    const { clock, destinations, logger } = this.options;
    let destination: Destination;
    try {
      destination = await destinations.route(entry.forwardPath, entry);
    } catch (error) {
      logger.warn({ err: error, entry: entry.id }, 'no destination could be found');
      const outcome = deferredOutcome('4.4.3', 'the directory could not be asked');
      this.track(this.finish({ entries: [entry], outcomes: [outcome], destination: 'cluster', now: clock.now() }));
      return;
    }
    const key = laneKey(destination);
    const lane = this.lanes.get(key) ?? new Lane(key, destination, this.settings);
    this.lanes.set(key, lane);
    // An account of its own for each local entry: they share a lane, not a destination.
    if (destination.kind === 'local') this.track(this.storeLocally(entry, destination));
    else if (lane.blockedUntil > clock.now()) this.track(this.postpone(lane, [entry]));
    else lane.pending.push(entry);
  }

  private startAll(): void {
    for (const lane of this.lanes.values()) {
      while (lane.ready && !this.stopped && this.attempts.size < this.settings.attemptsMax) this.attempt(lane);
      if (lane.idle && lane.blockedUntil <= this.options.clock.now()) this.lanes.delete(lane.key);
    }
  }

  private attempt(lane: Lane): void {
    lane.active++;
    this.track(
      this.run(lane, lane.takeBatch()).finally(() => {
        lane.active--;
      }),
    );
  }

  private track(work: Promise<void>): void {
    const attempt: Promise<void> = work.then(
      () => this.over(attempt),
      (error: unknown) => {
        this.options.logger.error({ err: error }, 'queue attempt failed');
        this.over(attempt);
      },
    );
    this.attempts.add(attempt);
  }

  private over(attempt: Promise<void>): void {
    this.attempts.delete(attempt);
    if (this.stopped) return;
    this.startAll();
    // There may be room again for what waits in the store.
    if (this.taken.size < this.settings.windowMax) this.wake();
  }

  private async run(lane: Lane, entries: readonly [QueueEntry, ...QueueEntry[]]): Promise<void> {
    const { store, clock, transport } = this.options;
    const result: AttemptResult = await transport.deliver(lane.destination, outboundMessage(store, entries));
    const now = clock.now();
    if (result.unreachable) {
      lane.unreachable(now, result.outcomes[0]!);
      // What waits for the same servers would meet the same silence.
      const waiting = lane.pending.splice(0);
      if (waiting.length > 0) this.track(this.postpone(lane, waiting));
    } else lane.answered();
    await this.finish({ entries, outcomes: result.outcomes, destination: lane.destination.kind, now });
  }

  /** Entries of one lane, of any number of messages. */
  private async postpone(lane: Lane, entries: readonly QueueEntry[]): Promise<void> {
    const now = this.options.clock.now();
    const outcome = lane.lastOutcome ?? deferredOutcome('4.4.1', 'destination is unreachable');
    for (const entry of entries)
      await this.finish({
        entries: [entry],
        outcomes: [outcome],
        destination: lane.destination.kind,
        now,
        notBefore: lane.blockedUntil,
      });
  }

  private async storeLocally(entry: QueueEntry, destination: Extract<Destination, { kind: 'local' }>): Promise<void> {
    const { store, clock } = this.options;
    const outcome = await deliverLocally(store, this.context, clock, entry, destination);
    await this.finish({ entries: [entry], outcomes: [outcome], destination: 'local', now: clock.now() });
  }

  /** Commits what the attempt came to, bounce and removal together; a store that refuses is asked again until it is closed. */
  private async finish(facts: SettlementFacts): Promise<void> {
    const { store, clock, random, hostname, logger } = this.options;
    const { updates, notices, nextAttemptAt } = settle(facts, this.settings, random);
    for (;;) {
      try {
        const deliveries = await Promise.all(
          notices.map((notice) => noticeDelivery(store, notice, { hostname, clock, random, settings: this.settings })),
        );
        await store.queueUpdate(this.context, updates, deliveries);
        for (const { message } of deliveries) message.discard();
        break;
      } catch (error) {
        const gone = error instanceof MailStoreError && (error.code === 'unavailable' || error.code === 'stale');
        // The entries stay taken: here nobody may send them again before their fate is written down.
        if (gone || this.stopped) return;
        logger.warn({ err: error }, 'outcome of a delivery could not be stored yet');
        await clock.sleep(STORE_RETRY_MS);
      }
    }
    for (const { id } of facts.entries) this.taken.delete(id);
    this.wakeAt(nextAttemptAt);
  }
}
