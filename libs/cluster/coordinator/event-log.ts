import { type ClusterEventKind, type ClusterState, ClusterStateUnavailableError } from '#cluster/api';
import type { Clock, Logger, Timer } from '#stdx';

interface Entry {
  readonly kind: ClusterEventKind;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly durationMs: number | undefined;
}

/** Events waiting for the control plane at most; older ones stay in the process's log alone. */
const WAITING_MAX = 1_000;
const RETRY_MS = 1_000;

/** Writes events in order and out of the way: a takeover never waits for its own record. */
export class EventLog {
  private readonly waiting: Entry[] = [];
  private writing = false;
  private retry: Timer | undefined;

  constructor(
    private readonly state: ClusterState,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  record(
    kind: ClusterEventKind,
    subject: string,
    detail: Readonly<Record<string, unknown>> = {},
    durationMs?: number,
  ): void {
    this.logger.info(
      { event: kind, subject, ...detail, ...(durationMs === undefined ? {} : { durationMs }) },
      'cluster event',
    );
    this.waiting.push({ kind, subject, detail, durationMs });
    if (this.waiting.length > WAITING_MAX) this.waiting.shift();
    void this.write();
  }

  stop(): void {
    this.retry?.cancel();
  }

  private async write(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      for (let entry = this.waiting[0]; entry; entry = this.waiting[0]) {
        const { kind, subject, detail, durationMs } = entry;
        await this.state.recordEvent(kind, subject, detail, durationMs);
        if (this.waiting[0] === entry) this.waiting.shift();
      }
    } catch (error) {
      if (!(error instanceof ClusterStateUnavailableError)) {
        this.logger.error({ error: (error as Error).message }, 'an event could not be recorded');
        this.waiting.shift();
      }
      this.retry?.cancel();
      this.retry = this.clock.after(RETRY_MS, () => void this.write());
    } finally {
      this.writing = false;
    }
  }
}
