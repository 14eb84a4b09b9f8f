import type { AlertBook, AlertChannels, AlertChannel as KnownChannel } from '#alerting';
import type { Alert, AlertChannel, InputOf, NewAlertChannel, ROUTES } from '#api-schema';
import { err, ok } from '#stdx';
import type { Clusters } from '../clusters/clusters.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

/** What needs an operator in a cluster, and who is told. */
export class Alerts {
  constructor(
    private readonly clusters: Clusters,
    private readonly book: AlertBook,
    private readonly channels: AlertChannels,
  ) {}

  async list(asking: Asking, { params, query }: InputOf<Routes['listAlerts']>): Promise<Reply<{ items: Alert[] }>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const alerts = await this.book.list(found.value.record.id, query.open === 'true', query.limit);
    return ok({
      items: alerts.map(({ since, resolvedAt, ...alert }) => ({
        ...alert,
        since: since.toISOString(),
        resolvedAt: resolvedAt?.toISOString() ?? null,
      })),
    });
  }

  async listChannels(
    asking: Asking,
    { params }: InputOf<Routes['listAlertChannels']>,
  ): Promise<Reply<{ items: AlertChannel[] }>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    return ok({ items: (await this.channels.list(found.value.record.id)).map(channelView) });
  }

  async createChannel(
    asking: Asking,
    { params, body }: InputOf<Routes['createAlertChannel']>,
  ): Promise<Reply<NewAlertChannel>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const kind = /^https?:/.test(body.target) ? 'webhook' : 'mail';
    const made = await this.channels.create(found.value.record, { kind, ...body });
    if (made.ok) return ok({ ...channelView(made.value), secret: made.value.secret });
    return made.error === 'exists'
      ? err({ code: 'conflict', detail: `${body.target} is told already` })
      : err({ code: 'limit_reached', detail: 'a cluster tells 20 channels at most' });
  }

  async deleteChannel(asking: Asking, { params }: InputOf<Routes['deleteAlertChannel']>): Promise<Reply<undefined>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const gone = await this.channels.delete(found.value.record.id, params.alertChannel);
    return gone ? ok(undefined) : err({ code: 'alert_channel_not_found' });
  }
}

const channelView = ({ id, kind, target, repeatMinutes, createdAt, failure }: KnownChannel): AlertChannel => ({
  id,
  kind,
  target,
  repeatMinutes,
  createdAt: createdAt.toISOString(),
  failure,
});
