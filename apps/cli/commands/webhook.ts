import { EVENT_TYPES, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { UsageError } from '../failure.ts';
import { table } from '../table.ts';
import { done } from './values.ts';

const isEvent = (text: string): text is (typeof EVENT_TYPES)[number] => EVENT_TYPES.some((event) => event === text);

export const webhook: Noun = {
  summary: 'programs that are told what happens to invoices',
  verbs: {
    list: {
      args: ['PARTNER'],
      summary: 'who is told',
      async run({ client, args: [partner = ''] }) {
        const input = { params: { partner }, query: undefined, body: undefined };
        const { items } = await client.call(ROUTES.listWebhooks, input);
        const rows = items.map(({ id, url, events }) => [id, url, events.join(',') || 'all']);
        return { json: items, text: table(['WEBHOOK', 'URL', 'EVENTS'], rows) };
      },
    },
    create: {
      args: ['PARTNER', 'URL'],
      options: { events: { type: 'value', value: 'LIST', summary: `of ${EVENT_TYPES.join(', ')} (all)` } },
      summary: 'tell a program; its secret is shown this once',
      async run({ client, args: [partner = '', url = ''], values }) {
        const named = values['events']?.split(',') ?? [];
        const events = named.filter(isEvent);
        if (events.length < named.length) throw new UsageError(`--events: of ${EVENT_TYPES.join(', ')}`);
        const body = { url, events };
        const made = await client.call(ROUTES.createWebhook, { params: { partner }, query: undefined, body });
        return { json: made, text: `${made.id}\nsecret  ${made.secret}` };
      },
    },
    delete: {
      args: ['PARTNER', 'WEBHOOK'],
      summary: 'tell it no more',
      async run({ client, args: [partner = '', webhook = ''] }) {
        const params = { partner, webhook };
        await client.call(ROUTES.deleteWebhook, { params, query: undefined, body: undefined });
        return done(`${webhook} is told no more`);
      },
    },
    deliveries: {
      args: ['PARTNER', 'WEBHOOK'],
      summary: 'the newest 100 calls and what they were answered',
      async run({ client, args: [partner = '', webhook = ''] }) {
        const params = { partner, webhook };
        const input = { params, query: { limit: 100 }, body: undefined };
        const { items } = await client.call(ROUTES.listWebhookDeliveries, input);
        const rows = items.map((call) => [
          call.at,
          call.type,
          call.attempt,
          call.status,
          call.durationMs,
          call.failure,
        ]);
        return { json: items, text: table(['AT', 'EVENT', 'TRY', 'STATUS', 'MS', 'WHY NOT'], rows) };
      },
    },
  },
};
