import { type Alias, ROUTES } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { done, given, LIMIT, limitOf, PARTNER } from './values.ts';

const shown = (alias: Alias): Output => ({
  json: alias,
  text: fields({ ...alias, targets: alias.targets.join(', ') }),
});

export const alias: Noun = {
  summary: 'addresses that stand for others',
  verbs: {
    list: {
      args: [],
      options: {
        domain: { type: 'value', value: 'DOMAIN', summary: 'of this domain' },
        partner: PARTNER,
        limit: LIMIT,
      },
      summary: 'all aliases',
      async run(invocation) {
        const { domain, partner } = invocation.values;
        const items = await invocation.client.all('listAliases', given({ domain, partner }), limitOf(invocation));
        return {
          json: items,
          text: table(
            ['ALIAS', 'TARGETS'],
            items.map(({ email, targets }) => [email, targets.join(', ')]),
          ),
        };
      },
    },
    show: {
      args: ['ALIAS'],
      summary: 'one alias',
      async run({ client, args: [alias = ''] }) {
        return shown(await client.call(ROUTES.showAlias, { params: { alias }, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['ALIAS', 'TARGET…'],
      summary: 'make an alias of one or more addresses',
      async run({ client, args: [email = '', ...targets] }) {
        return shown(await client.call(ROUTES.createAlias, { params: {}, query: undefined, body: { email, targets } }));
      },
    },
    update: {
      args: ['ALIAS', 'TARGET…'],
      summary: 'give it other targets',
      async run({ client, args: [alias = '', ...targets] }) {
        const params = { alias };
        const { version } = await client.call(ROUTES.showAlias, { params, query: undefined, body: undefined });
        return shown(await client.call(ROUTES.updateAlias, { params, query: undefined, body: { targets } }, version));
      },
    },
    delete: {
      args: ['ALIAS'],
      summary: 'delete an alias',
      async run({ client, args: [alias = ''] }) {
        await client.call(ROUTES.deleteAlias, { params: { alias }, query: undefined, body: undefined });
        return done(`${alias} is deleted`);
      },
    },
  },
};
