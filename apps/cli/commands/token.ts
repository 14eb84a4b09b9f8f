import { ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { UsageError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { done, given, IN, numberOf, wordOf } from './values.ts';

export const token: Noun = {
  summary: 'one-time tokens by which hubs and nodes join',
  verbs: {
    list: {
      args: [],
      options: { 'cluster-name': IN },
      summary: 'all join tokens, without their secrets',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['cluster-name']) };
        const { items } = await client.call(ROUTES.listJoinTokens, { params, query: undefined, body: undefined });
        const rows = items.map(({ id, role, name, state, createdBy, expiresAt }) => [
          id,
          role,
          name ?? 'any',
          state,
          createdBy,
          expiresAt,
        ]);
        return { json: items, text: table(['ID', 'ROLE', 'FOR', 'STATE', 'MADE BY', 'EXPIRES'], rows) };
      },
    },
    create: {
      args: [],
      options: {
        'cluster-name': IN,
        role: { type: 'value', value: 'hub|node', required: true, summary: 'what it lets in' },
        name: { type: 'value', value: 'NAME', summary: 'for this member alone; one that is there is replaced' },
        minutes: { type: 'value', value: 'N', summary: 'how long it may be used (60)' },
      },
      summary: 'let one new hub or node join; the token is shown this once',
      async run({ client, values }) {
        const role = wordOf('role', values['role'], ['hub', 'node']);
        if (role === undefined) throw new UsageError('--role: hub or node');
        const params = { cluster: await client.cluster(values['cluster-name']) };
        const body = { role, ...given({ name: values['name'], minutes: numberOf('minutes', values['minutes'], 1) }) };
        const made = await client.call(ROUTES.createJoinToken, { params, query: undefined, body });
        const { token: text, ...shown } = made;
        return {
          json: made,
          text: `${fields({ ...shown, name: shown.name ?? 'any' })}\n\nStart the new ${role} with\nROOKERY_JOIN_TOKEN=${text}\n\nKeep it now: it is not shown again.`,
        };
      },
    },
    delete: {
      args: ['ID'],
      options: { 'cluster-name': IN },
      summary: 'take a join token back',
      async run({ client, args: [joinToken = ''], values }) {
        const params = { cluster: await client.cluster(values['cluster-name']), joinToken };
        await client.call(ROUTES.deleteJoinToken, { params, query: undefined, body: undefined });
        return done(`${joinToken} is taken back`);
      },
    },
  },
};
