import { ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { fields, table } from '../table.ts';
import { done, given, IN, LIMIT, limitOf, numberOf } from './values.ts';

export const alert: Noun = {
  summary: 'what needs an operator, and who is told',
  verbs: {
    list: {
      args: [],
      options: { in: IN, limit: LIMIT, open: { type: 'flag', summary: 'only those that stand' } },
      summary: 'alerts, the latest first',
      async run(invocation) {
        const { client, values, flags } = invocation;
        const params = { cluster: await client.cluster(values['in']) };
        const query = { ...given({ limit: limitOf(invocation) }), open: flags.has('open') ? 'true' : 'false' } as const;
        const { items } = await client.call(ROUTES.listAlerts, { params, query, body: undefined });
        const rows = items.map(({ since, kind, subject, resolvedAt, detail }) => [
          since,
          kind,
          subject,
          resolvedAt ?? 'stands',
          detail,
        ]);
        return { json: items, text: table(['SINCE', 'ALERT', 'OF', 'UNTIL', 'DETAIL'], rows) };
      },
    },
    channels: {
      args: [],
      options: { in: IN },
      summary: 'who is told',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const { items } = await client.call(ROUTES.listAlertChannels, { params, query: undefined, body: undefined });
        const rows = items.map(({ id, kind, target, repeatMinutes, failure }) => [
          id,
          kind,
          target,
          `${repeatMinutes} min`,
          failure ?? 'ok',
        ]);
        return { json: items, text: table(['ID', 'KIND', 'TARGET', 'REPEATED', 'LAST'], rows) };
      },
    },
    subscribe: {
      args: ['ADDRESS|URL'],
      options: {
        in: IN,
        repeat: { type: 'value', value: 'MINUTES', summary: 'how often what stands is said again (60)' },
      },
      summary: 'have a mail address or a webhook told',
      async run({ client, args: [target = ''], values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const body = { target, ...given({ repeatMinutes: numberOf('repeat', values['repeat'], 1) }) };
        const made = await client.call(ROUTES.createAlertChannel, { params, query: undefined, body });
        const { secret, ...shown } = made;
        const kept =
          secret === null ? '' : `\n\nIts calls are signed with\n${secret}\n\nKeep it now: it is not shown again.`;
        return { json: made, text: `${fields({ ...shown, failure: shown.failure ?? '' })}${kept}` };
      },
    },
    unsubscribe: {
      args: ['ID'],
      options: { in: IN },
      summary: 'tell it no more',
      async run({ client, args: [alertChannel = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), alertChannel };
        await client.call(ROUTES.deleteAlertChannel, { params, query: undefined, body: undefined });
        return done(`${alertChannel} is told no more`);
      },
    },
  },
};
