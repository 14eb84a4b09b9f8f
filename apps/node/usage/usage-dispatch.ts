import { type MailStore, type StoreUsageEvent } from '#mailstore/api';
import { type GaugeMeter, USAGE_BATCH_MAX, type UsageEvent } from '#metering';
import type { Clock, Logger, Timer } from '#stdx';

/** Carries a batch to billing. Resolves when billing has it for good; rejects or never resolves when that is not known. */
export interface UsageCarrier {
  deliver(batchId: string, events: readonly UsageEvent[]): Promise<void>;
}

export interface UsageDispatchSettings {
  /** How often the outboxes are looked at; 2,000. */
  readonly intervalMs: number;
  /** How often each partner's stored bytes are said; 900,000. */
  readonly gaugeIntervalMs: number;
}

interface Source {
  readonly volumeId: string;
  readonly epoch: number;
  readonly store: MailStore;
}

/**
 * Takes usage events from the volumes' outboxes to billing. An event leaves its outbox only when billing has it, so that
 * neither a lost Redis nor a lost node loses one; ids are deterministic, so that saying it twice counts once.
 */
export class UsageDispatch {
  private readonly timers: Timer[] = [];
  private dispatching = false;
  private saying = false;
  /** Of each open volume: the slot its levels were said in last, and of whom. */
  private readonly said = new Map<string, { readonly slot: number; readonly partners: readonly string[] }>();

  constructor(
    private readonly sources: () => readonly Source[],
    private readonly carrier: UsageCarrier,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly settings: UsageDispatchSettings,
  ) {}

  start(): void {
    this.timers.push(this.clock.every(this.settings.intervalMs, () => void this.dispatch()));
    // At each pass: a volume that was opened just now counts from its beginning, and what failed is said again soon.
    this.timers.push(this.clock.every(this.settings.intervalMs, () => void this.sayGauges()));
  }

  stop(): void {
    for (const timer of this.timers) timer.cancel();
  }

  /** One pass over every open volume. A volume whose batch fails is tried again at the next pass. */
  async dispatch(): Promise<void> {
    if (this.dispatching) return;
    this.dispatching = true;
    try {
      for (const source of this.sources()) await this.drain(source).catch((error: unknown) => this.tell(source, error));
    } finally {
      this.dispatching = false;
    }
  }

  /**
   * What each partner stores on each volume now, once a slot. One that is lost is made good by the next: a level holds until then. Of a
   * partner whose last account has left a volume it is said that there is nothing: nobody would say anything of it any more.
   */
  async sayGauges(): Promise<void> {
    if (this.saying) return;
    this.saying = true;
    try {
      await this.sayDueGauges();
    } finally {
      this.saying = false;
    }
  }

  private async sayDueGauges(): Promise<void> {
    const slot = Math.floor(this.clock.now() / this.settings.gaugeIntervalMs);
    const sources = this.sources();
    for (const volumeId of this.said.keys())
      if (!sources.some((source) => source.volumeId === volumeId)) this.said.delete(volumeId);
    for (const { volumeId, epoch, store } of sources) {
      const before = this.said.get(volumeId);
      if (before?.slot === slot) continue;
      try {
        const stored = await store.usageBytes();
        const partners = stored.map(({ partnerId }) => partnerId);
        const gone = (before?.partners ?? []).filter((partnerId) => !partners.includes(partnerId));
        const levels = [...stored, ...gone.map((partnerId) => ({ partnerId, bytes: 0, coldBytes: 0 }))];
        const at = new Date(this.clock.now()).toISOString();
        const source = `volume:${volumeId}`;
        const gauge = (partnerId: string, id: string, meter: GaugeMeter, value: number): UsageEvent => ({
          ...{ id: `${id}~${volumeId}~${epoch}~${slot}`, source, partnerId, at, subject: volumeId },
          ...{ kind: 'gauge', meter, value },
        });
        // Nothing on cold storage is said, too: a level holds until the next one.
        const hasCold = store.tiering.status().storage !== null;
        const events = levels.flatMap(({ partnerId, bytes, coldBytes }) => [
          gauge(partnerId, 'storage', 'storage-bytes', bytes - coldBytes),
          ...(hasCold ? [gauge(partnerId, 'storage-cold', 'storage-cold-bytes', coldBytes)] : []),
        ]);
        if (events.length > 0) await this.carrier.deliver(`storage~${volumeId}~${epoch}~${slot}`, events);
        this.said.set(volumeId, { slot, partners });
      } catch (error) {
        this.tell({ volumeId }, error);
      }
    }
  }

  private async drain({ volumeId, store }: Source): Promise<void> {
    for (;;) {
      const pending = await store.usagePending(USAGE_BATCH_MAX);
      const [first] = pending;
      if (!first) return;
      await this.carrier.deliver(
        `volume~${first.id}~${pending.length}`,
        pending.map((event) => usageEventOf(volumeId, event)),
      );
      await store.usageConfirm(pending.map(({ id }) => id));
      if (pending.length < USAGE_BATCH_MAX) return;
    }
  }

  private tell({ volumeId }: { readonly volumeId: string }, error: unknown): void {
    this.logger.warn(
      { volumeId, error: error instanceof Error ? error.message : String(error) },
      'usage is not reaching billing; it waits in the volume',
    );
  }
}

const usageEventOf = (volumeId: string, event: StoreUsageEvent): UsageEvent => ({
  id: event.id,
  source: `volume:${volumeId}`,
  partnerId: event.partnerId,
  at: new Date(event.at).toISOString(),
  subject: event.accountId ?? volumeId,
  kind: 'counter',
  meter: event.meter,
  quantity: event.quantity,
});
