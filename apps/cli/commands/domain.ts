import { type Domain, ROUTES } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { done, given, LIMIT, limitOf, PARTNER, requireChange } from './values.ts';

const shown = (domain: Domain): Output => ({ json: domain, text: fields({ ...domain }) });
const CATCH_ALL = {
  type: 'value',
  value: 'ADDRESS',
  summary: 'takes mail for unknown local parts; none rejects it',
} as const;
const SEPARATOR = { type: 'value', value: 'C', summary: 'of plus addressing; none turns it off' } as const;

const catchAllOf = (text: string | undefined): string | null | undefined => (text === 'none' ? null : text);
const separatorOf = (text: string | undefined): string | undefined => (text === 'none' ? '' : text);

export const domain: Noun = {
  summary: 'domains whose mail is held here',
  verbs: {
    list: {
      args: [],
      options: { partner: PARTNER, limit: LIMIT },
      summary: 'all domains',
      async run(invocation) {
        const query = given({ partner: invocation.values['partner'] });
        const items = await invocation.client.all('listDomains', query, limitOf(invocation));
        const rows = items.map(({ name, partner, volumeClass, catchAll }) => [name, partner, volumeClass, catchAll]);
        return { json: items, text: table(['DOMAIN', 'PARTNER', 'CLASS', 'CATCH-ALL'], rows) };
      },
    },
    show: {
      args: ['DOMAIN'],
      summary: 'one domain',
      async run({ client, args: [domain = ''] }) {
        return shown(await client.call(ROUTES.showDomain, { params: { domain }, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['DOMAIN'],
      options: {
        partner: PARTNER,
        in: {
          type: 'value',
          value: 'CLUSTER',
          summary: 'where its accounts live (the partner’s own cluster, else the shared one)',
        },
        class: { type: 'value', value: 'CLASS', summary: 'of the volumes its accounts are placed on (standard)' },
        'catch-all': CATCH_ALL,
        separator: SEPARATOR,
      },
      summary: 'add a domain',
      async run({ client, args: [name = ''], values }) {
        const body = {
          name,
          ...given({
            partner: values['partner'],
            cluster: values['in'],
            volumeClass: values['class'],
            catchAll: catchAllOf(values['catch-all']),
            detailSeparator: separatorOf(values['separator']),
          }),
        };
        return shown(await client.call(ROUTES.createDomain, { params: {}, query: undefined, body }));
      },
    },
    update: {
      args: ['DOMAIN'],
      options: { 'catch-all': CATCH_ALL, separator: SEPARATOR },
      summary: 'change a domain',
      async run({ client, args: [domain = ''], values }) {
        const body = requireChange(
          given({ catchAll: catchAllOf(values['catch-all']), detailSeparator: separatorOf(values['separator']) }),
        );
        const params = { domain };
        const { version } = await client.call(ROUTES.showDomain, { params, query: undefined, body: undefined });
        return shown(await client.call(ROUTES.updateDomain, { params, query: undefined, body }, version));
      },
    },
    delete: {
      args: ['DOMAIN'],
      summary: 'remove a domain that has no accounts',
      async run({ client, args: [domain = ''] }) {
        await client.call(ROUTES.deleteDomain, { params: { domain }, query: undefined, body: undefined });
        return done(`${domain} is removed`);
      },
    },
    pin: {
      args: ['DOMAIN', 'VOLUME…'],
      summary: 'place its accounts on these volumes, whatever their class (cluster rebalance moves the others)',
      async run({ client, args: [domain = '', ...volumes] }) {
        const json = await client.call(ROUTES.pinDomain, { params: { domain }, query: undefined, body: { volumes } });
        return { json, text: `${domain} lives on ${json.volumes.join(', ')}` };
      },
    },
    unpin: {
      args: ['DOMAIN'],
      summary: 'place its accounts by class again',
      async run({ client, args: [domain = ''] }) {
        const json = await client.call(ROUTES.pinDomain, {
          params: { domain },
          query: undefined,
          body: { volumes: [] },
        });
        return { json, text: `${domain} lives on any volume of its class` };
      },
    },
    dns: {
      args: ['DOMAIN'],
      summary: 'the DNS records to publish',
      async run({ client, args: [domain = ''] }) {
        const json = await client.call(ROUTES.showDomainDns, { params: { domain }, query: undefined, body: undefined });
        const rows = json.records.map(({ name, type, value, required }) => [
          `${name}.`,
          type,
          value,
          required ? 'required' : 'advised',
        ]);
        return { json, text: table(['NAME', 'TYPE', 'VALUE', ''], rows) };
      },
    },
  },
};
