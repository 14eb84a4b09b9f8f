import type { Database } from '#database';
import { type Clock, err, ok, type Random, type Result } from '#stdx';
import { alertOf, type WatchedCluster } from './alert-book.ts';
import { type Alert, type AlertChannel, RAISE_AFTER_MS } from './model.ts';

/** What a channel is to be told of an alert. */
export interface Due {
  readonly alert: Alert;
  readonly what: 'raised' | 'standing' | 'resolved' | 'news';
}

/** A channel that is this process's until it is given back. */
export interface ClaimedChannel extends AlertChannel {
  /** Signs a webhook's calls. */
  readonly secret: Buffer;
}

interface ChannelRow {
  readonly id: string;
  readonly kind: AlertChannel['kind'];
  readonly target: string;
  readonly secret: Buffer;
  readonly repeat_minutes: number;
  readonly created_at: Date;
  readonly failure: string | null;
}

const CHANNELS_MAX = 20;
/** A claim ends by itself: its process may have died. Longer than any call takes. */
const CLAIM_MS = 120_000;
/** After a message that could not be sent. */
const RETRY_MS = 60_000;

/** Who is told, and what each was told already. */
export class AlertChannels {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The secret is shown this once: `whsec_` and 32 bytes as base64, as standardwebhooks.com has it. */
  async create(
    cluster: Pick<WatchedCluster, 'id' | 'partnerId'>,
    channel: Pick<AlertChannel, 'kind' | 'target' | 'repeatMinutes'>,
  ): Promise<Result<AlertChannel & { readonly secret: string | null }, 'exists' | 'tooMany'>> {
    const secret = this.random.bytes(32);
    return this.database.transaction(async (client) => {
      await client.query('SELECT FROM cluster WHERE id = $1 FOR UPDATE', [cluster.id]);
      const { rows: known } = await client.query<ChannelRow>('SELECT * FROM alert_channel WHERE cluster_id = $1', [
        cluster.id,
      ]);
      if (known.length >= CHANNELS_MAX) return err('tooMany');
      if (known.some(({ target }) => target === channel.target)) return err('exists');
      const { rows } = await client.query<ChannelRow>(
        `INSERT INTO alert_channel (cluster_id, partner_id, kind, target, secret, repeat_minutes, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
        [
          ...[cluster.id, cluster.partnerId, channel.kind, channel.target, secret, channel.repeatMinutes],
          new Date(this.clock.now()),
        ],
      );
      const shown = channel.kind === 'webhook' ? `whsec_${secret.toString('base64')}` : null;
      return ok({ ...channelOf(rows[0]!), secret: shown });
    });
  }

  async list(clusterId: string): Promise<readonly AlertChannel[]> {
    const rows = await this.database.query<ChannelRow>(
      'SELECT * FROM alert_channel WHERE cluster_id = $1 ORDER BY created_at, id',
      [clusterId],
    );
    return rows.map(channelOf);
  }

  async delete(clusterId: string, id: string): Promise<boolean> {
    const gone = await this.database.query(
      'DELETE FROM alert_channel WHERE cluster_id = $1 AND id::text = $2 RETURNING id',
      [clusterId, id],
    );
    return gone.length > 0;
  }

  /** Channels nobody else is serving and none is to be left alone after a failure. */
  async claim(clusterId: string): Promise<readonly ClaimedChannel[]> {
    const now = this.clock.now();
    const rows = await this.database.query<ChannelRow>(
      `UPDATE alert_channel SET busy_until = $2 WHERE cluster_id = $1 AND busy_until <= $3 RETURNING *`,
      [clusterId, new Date(now + CLAIM_MS), new Date(now)],
    );
    return rows.map((row) => ({ ...channelOf(row), secret: row.secret }));
  }

  /** What the channel has not been told: beginnings, ends, news since it was made, and what still stands after its interval. */
  async due(channel: AlertChannel): Promise<readonly Due[]> {
    const rows = await this.database.query<
      Parameters<typeof alertOf>[0] & { readonly told_at: Date | null; readonly told_grade: number; event_id: unknown }
    >(
      `SELECT alert.*, told.at AS told_at, coalesce(told.grade, 0) AS told_grade
       FROM alert JOIN alert_channel channel USING (cluster_id)
       LEFT JOIN alert_told told ON told.alert_id = alert.id AND told.channel_id = channel.id
       WHERE channel.id = $1 AND (alert.resolved_at IS NULL OR alert.resolved_at >= channel.created_at)
         AND NOT coalesce(told.of_end, false)
       ORDER BY alert.since, alert.event_id, alert.id`,
      [channel.id],
    );
    const now = this.clock.now();
    return rows.flatMap((row) => {
      const alert = alertOf(row);
      const told = row.told_at && { at: row.told_at, grade: row.told_grade };
      const what = dueOf(alert, row.event_id !== null, told, now, channel.repeatMinutes * 60_000);
      return what ? [{ alert, what }] : [];
    });
  }

  /** The channel was told of these, or not; it is given back either way. */
  async done(channel: AlertChannel, told: readonly Due[], failure: string | null): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (client) => {
      if (failure === null)
        for (const { alert, what } of told)
          await client.query(
            `INSERT INTO alert_told (alert_id, channel_id, partner_id, at, of_end, grade)
             SELECT $1, id, partner_id, $3, $4, $5 FROM alert_channel WHERE id = $2
             ON CONFLICT (alert_id, channel_id)
             DO UPDATE SET at = excluded.at, of_end = excluded.of_end, grade = excluded.grade`,
            [alert.id, channel.id, new Date(now), what === 'resolved' || what === 'news', alert.grade],
          );
      await client.query('UPDATE alert_channel SET busy_until = $2, failure = $3 WHERE id = $1', [
        channel.id,
        new Date(failure === null ? now : now + RETRY_MS),
        failure,
      ]);
    });
  }
}

function dueOf(
  alert: Alert,
  isNews: boolean,
  told: { readonly at: Date; readonly grade: number } | null,
  now: number,
  repeatMs: number,
): Due['what'] | undefined {
  if (isNews) return 'news';
  // Who never heard of its beginning need not hear of its end.
  if (alert.resolvedAt) return told ? 'resolved' : undefined;
  if (!told) return now - alert.since.getTime() >= RAISE_AFTER_MS[alert.kind] ? 'raised' : undefined;
  if (alert.grade > told.grade) return 'raised';
  return now - told.at.getTime() >= repeatMs ? 'standing' : undefined;
}

const channelOf = ({ id, kind, target, repeat_minutes, created_at, failure }: ChannelRow): AlertChannel => ({
  id,
  kind,
  target,
  repeatMinutes: repeat_minutes,
  createdAt: created_at,
  failure,
});
