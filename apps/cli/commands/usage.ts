import { ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { given } from './values.ts';

export const usage: Noun = {
  summary: 'what was used, before any price',
  verbs: {
    show: {
      args: ['PARTNER'],
      options: { month: { type: 'value', value: 'YYYY-MM', summary: 'in the partner’s time zone (the running one)' } },
      summary: 'a month of a partner’s, by meter',
      async run({ client, args: [partner = ''], values }) {
        const query = { partner, ...given({ month: values['month'] }) };
        const json = await client.call(ROUTES.showUsage, { params: {}, query, body: undefined });
        const rows = json.lines.map(({ meter, quantity, unit, subjects }) => [meter, quantity, unit, subjects]);
        return {
          json,
          text: `${json.periodStart} to ${json.periodEnd}, as of ${json.asOf}\n${table(['METER', 'QUANTITY', 'UNIT', 'OF'], rows)}`,
        };
      },
    },
  },
};
