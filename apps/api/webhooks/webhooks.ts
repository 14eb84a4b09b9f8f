import type { InputOf, ROUTES, InvoiceTask as TaskView, Webhook } from '#api-schema';
import type { InvoiceTasks, TaskSummary, WebhookEndpoint, WebhookEndpoints } from '#billing/postgres';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class Webhooks {
  constructor(
    private readonly partners: PartnerNames,
    private readonly endpoints: WebhookEndpoints,
    private readonly work: InvoiceTasks,
  ) {}

  async list(asking: Asking, { params }: InputOf<Routes['listWebhooks']>): Promise<Reply<{ items: Webhook[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    return partner.ok ? ok({ items: (await this.endpoints.list(partner.value)).map(view) }) : partner;
  }

  async create(asking: Asking, { params, body }: InputOf<Routes['createWebhook']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const made = await this.endpoints.create(partner.value, body.url, body.events);
    if (made.ok) return ok({ ...view(made.value), secret: made.value.secret });
    return err({ code: 'conflict', detail: made.error.code === 'conflict' ? made.error.what : '' } as const);
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteWebhook']>): Promise<Reply<undefined>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const gone = await this.endpoints.delete(partner.value, params.webhook);
    return gone.ok ? ok(undefined) : err({ code: 'webhook_not_found' });
  }

  async deliveries(asking: Asking, { params, query }: InputOf<Routes['listWebhookDeliveries']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    if (query.after !== undefined && !/^\d{1,18}$/.test(query.after))
      return err({ code: 'invalid_value', errors: [{ field: 'after', reason: 'no page ended there' }] } as const);
    const found = await this.endpoints.deliveries(partner.value, params.webhook, query.limit + 1, query.after);
    if (!found.ok) return err({ code: 'webhook_not_found' } as const);
    const items = found.value.slice(0, query.limit).map(({ at, ...call }) => ({ ...call, at: at.toISOString() }));
    return ok(withNext(items, found.value.length > query.limit));
  }

  async tasks(asking: Asking, { query }: InputOf<Routes['listInvoiceTasks']>) {
    const found = await this.work.list(asking.context.partnerId, query.limit + 1, query.state, query.after);
    const items = await Promise.all(found.slice(0, query.limit).map((task) => this.taskView(asking, task)));
    return ok(withNext(items, found.length > query.limit));
  }

  async retry(asking: Asking, { params }: InputOf<Routes['retryInvoiceTask']>): Promise<Reply<TaskView>> {
    const taken = await this.work.retry(params.task);
    return taken ? ok(await this.taskView(asking, taken)) : err({ code: 'task_not_found' });
  }

  private async taskView(asking: Asking, { partnerId, event, ...task }: TaskSummary): Promise<TaskView> {
    return {
      ...task,
      partner: await this.partners.slugOf(asking, partnerId),
      event: event.type,
      nextTryAt: task.nextTryAt.toISOString(),
      createdAt: task.createdAt.toISOString(),
      doneAt: task.doneAt?.toISOString() ?? null,
    };
  }
}

const withNext = <T extends { readonly id: string }>(items: T[], hasMore: boolean): { items: T[]; next?: string } => {
  const last = items.at(-1);
  return hasMore && last ? { items, next: last.id } : { items };
};

const view = ({ id, url, events, enabled, createdAt }: WebhookEndpoint): Webhook => ({
  id,
  url,
  events: [...events],
  enabled,
  createdAt: createdAt.toISOString(),
});
