import { ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { fields, table } from '../table.ts';
import { jsonOf } from './usage-file.ts';
import { given } from './values.ts';

export const price: Noun = {
  summary: 'price lists, and who pays by which',
  verbs: {
    publish: {
      args: ['FILE'],
      summary: 'publish a version from JSON (name, currency, components); it is never changed',
      async run({ client, args: [file = ''] }) {
        // What is wrong with it the API says, all at once.
        const body = jsonOf(file) as Parameters<typeof client.call<typeof ROUTES.publishPriceList>>[1]['body'];
        const json = await client.call(ROUTES.publishPriceList, { params: {}, query: undefined, body });
        return { json, text: fields(json) };
      },
    },
    apply: {
      args: ['PARTNER', 'VERSION'],
      options: { from: { type: 'value', value: 'INSTANT', summary: 'its whole date belongs to the new prices (now)' } },
      summary: 'have a partner pay by it',
      async run({ client, args: [partner = '', version = ''], values }) {
        const body = { version, ...given({ from: values['from'] }) };
        const json = await client.call(ROUTES.changeSubscription, { params: { partner }, query: undefined, body });
        const rows = json.segments.map((segment) => [segment.from, segment.to, segment.version, segment.currency]);
        return { json, text: table(['FROM', 'TO', 'VERSION', 'CURRENCY'], rows) };
      },
    },
    show: {
      args: ['PARTNER'],
      summary: 'what a partner pays by',
      async run({ client, args: [partner = ''] }) {
        const json = await client.call(ROUTES.showSubscription, {
          params: { partner },
          query: undefined,
          body: undefined,
        });
        const rows = json.segments.flatMap((segment) =>
          segment.components.map((one) => [segment.from, segment.to, one.id, one.unit, JSON.stringify(one.price)]),
        );
        return { json, text: table(['FROM', 'TO', 'COMPONENT', 'UNIT', 'PRICE'], rows) };
      },
    },
  },
};
