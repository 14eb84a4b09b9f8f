import { ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { fields, table } from '../table.ts';
import { done, given, LIMIT, limitOf, NONE, PARTNER, wordOf } from './values.ts';

const SCOPES = ['read', 'write', 'usage', 'operator'] as const;

export const apikey: Noun = {
  summary: 'keys of the API',
  verbs: {
    list: {
      args: [],
      options: { partner: PARTNER, limit: LIMIT },
      summary: 'all keys, without their secrets',
      async run(invocation) {
        const items = await invocation.client.all(
          'listApiKeys',
          given({ partner: invocation.values['partner'] }),
          limitOf(invocation),
        );
        const rows = items.map((key) => [
          key.id,
          key.name,
          key.partner ?? 'operator',
          `rk_${key.prefix}_…`,
          key.scopes.join(' '),
          key.lastUsedAt,
        ]);
        return { json: items, text: table(['ID', 'NAME', 'PARTNER', 'KEY', 'SCOPES', 'LAST USED'], rows) };
      },
    },
    show: {
      args: [],
      summary: 'the key in use',
      async run({ client }) {
        const { key } = await client.call(ROUTES.whoAmI, NONE);
        return { json: key, text: fields({ ...key, scopes: key.scopes.join(' ') }) };
      },
    },
    create: {
      args: ['NAME'],
      options: {
        partner: PARTNER,
        operator: { type: 'flag', summary: 'a key that may do everything' },
        scopes: { type: 'value', value: 'A,B', summary: 'of read, write and usage (read,write)' },
      },
      summary: 'make a key; it is shown this once',
      async run({ client, args: [name = ''], values, flags }) {
        const operator = flags.has('operator');
        const listed = values['scopes']?.split(',').map((scope) => wordOf('scopes', scope, SCOPES) ?? 'read');
        const scopes = listed ?? (operator ? [...SCOPES] : undefined);
        const body = { name, ...given({ partner: operator ? null : values['partner'], scopes }) };
        const key = await client.call(ROUTES.createApiKey, { params: {}, query: undefined, body });
        return {
          json: key,
          text: `${fields({ ...key, scopes: key.scopes.join(' ') })}\n\nKeep the secret now: it is not shown again.`,
        };
      },
    },
    delete: {
      args: ['ID'],
      summary: 'revoke a key at once',
      async run({ client, args: [apiKey = ''] }) {
        await client.call(ROUTES.deleteApiKey, { params: { apiKey }, query: undefined, body: undefined });
        return done(`${apiKey} is revoked`);
      },
    },
  },
};
