import { type Partner, ROUTES } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { given, LIMIT, limitOf, requireChange, wordOf } from './values.ts';

const shown = (partner: Partner): Output => ({ json: partner, text: fields({ ...partner }) });
const STATES = ['active', 'suspended', 'closed'] as const;

export const partner: Noun = {
  summary: 'hosting companies',
  verbs: {
    list: {
      args: [],
      options: { limit: LIMIT },
      summary: 'all partners',
      async run(invocation) {
        const items = await invocation.client.all('listPartners', {}, limitOf(invocation));
        const rows = items.map(({ slug, name, state, currency, timeZone }) => [slug, name, state, currency, timeZone]);
        return { json: items, text: table(['PARTNER', 'NAME', 'STATE', 'CURRENCY', 'TIME ZONE'], rows) };
      },
    },
    show: {
      args: ['PARTNER'],
      summary: 'one partner',
      async run({ client, args: [partner = ''] }) {
        return shown(await client.call(ROUTES.showPartner, { params: { partner }, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['SLUG'],
      options: {
        name: { type: 'value', value: 'NAME', required: true, summary: 'what it is called' },
        currency: { type: 'value', value: 'CODE', summary: 'of its invoices (EUR)' },
        'time-zone': { type: 'value', value: 'ZONE', summary: 'in which its months begin (UTC)' },
      },
      summary: 'make a partner',
      async run({ client, args: [slug = ''], values }) {
        const body = {
          slug,
          name: values['name'] ?? '',
          ...given({ currency: values['currency'], timeZone: values['time-zone'] }),
        };
        return shown(await client.call(ROUTES.createPartner, { params: {}, query: undefined, body }));
      },
    },
    update: {
      args: ['PARTNER'],
      options: {
        name: { type: 'value', value: 'NAME', summary: 'what it is called' },
        'time-zone': { type: 'value', value: 'ZONE', summary: 'in which its months begin' },
        state: { type: 'value', value: 'STATE', summary: STATES.join(', ') },
      },
      summary: 'change a partner',
      async run({ client, args: [partner = ''], values }) {
        const state = wordOf('state', values['state'], STATES);
        const body = requireChange(given({ name: values['name'], timeZone: values['time-zone'], state }));
        const params = { partner };
        const { version } = await client.call(ROUTES.showPartner, { params, query: undefined, body: undefined });
        return shown(await client.call(ROUTES.updatePartner, { params, query: undefined, body }, version));
      },
    },
  },
};
