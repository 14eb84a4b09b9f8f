import pg from 'pg';
import type { Clock, Logger, Timer } from '#stdx';

const RETRY_MS = 1_000;

/**
 * One LISTEN connection that reconnects for ever. After each (re)connection it calls `onGap`: notifications may have
 * been missed, so whoever listens reads everything again.
 */
export class NotificationListener {
  private client: pg.Client | undefined;
  private retry: Timer | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly channels: readonly string[],
    private readonly onNotification: (channel: string, payload: string) => void,
    private readonly onGap: () => void,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: 'rookery-listen',
    });
    this.client = client;
    client.on('notification', ({ channel, payload }) => this.onNotification(channel, payload ?? ''));
    const lost = (error?: Error): void => {
      if (this.client !== client || this.closed) return;
      this.client = undefined;
      this.logger.warn({ error: error?.message }, 'notification connection lost');
      client.end().catch(() => {});
      this.retry = this.clock.after(RETRY_MS, () => void this.start());
    };
    client.on('error', lost);
    client.on('end', () => lost());
    try {
      await client.connect();
      for (const channel of this.channels) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      this.onGap();
    } catch (error) {
      lost(error as Error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.retry?.cancel();
    await this.client?.end().catch(() => {});
  }
}
