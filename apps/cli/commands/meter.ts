import { type Meter, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { done, given, numberOf, PARTNER, wordOf } from './values.ts';

const AGGREGATIONS = ['sum', 'count', 'max', 'unique', 'level'] as const;
const SUBJECTS = ['any', 'mailbox', 'domain'] as const;
const HEADINGS = ['CODE', 'PARTNER', 'NAME', 'UNIT', 'COUNTS', 'SUBJECTS', 'SILENT AFTER', 'ARCHIVED'];
const row = (meter: Meter) => [
  meter.code,
  meter.partner ?? 'everybody',
  meter.name,
  meter.unit,
  meter.aggregation,
  meter.subjects,
  meter.silentHours === null ? null : `${meter.silentHours} h`,
  meter.archivedAt,
];

export const meter: Noun = {
  summary: 'what partners count themselves',
  verbs: {
    list: {
      args: [],
      options: { partner: PARTNER },
      summary: 'add-on meters: the partner’s own and everybody’s',
      async run({ client, values }) {
        const query = given({ partner: values['partner'] });
        const { items } = await client.call(ROUTES.listMeters, { params: {}, query, body: undefined });
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    create: {
      args: ['CODE'],
      options: {
        partner: PARTNER,
        name: { type: 'value', value: 'NAME', summary: 'for people (its code)' },
        unit: { type: 'value', value: 'UNIT', required: true, summary: 'what one of it is called on a bill' },
        counts: { type: 'value', value: 'HOW', summary: `${AGGREGATIONS.join(', ')} (sum)` },
        subjects: { type: 'value', value: 'WHAT', summary: `${SUBJECTS.join(', ')} (any)` },
        'silent-after': { type: 'value', value: 'HOURS', summary: 'silence for longer is reported (never)' },
      },
      summary: 'make an add-on meter; what it counts never changes',
      async run({ client, args: [code = ''], values }) {
        const body = {
          code,
          name: values['name'] ?? code,
          unit: values['unit'] ?? '',
          aggregation: wordOf('counts', values['counts'], AGGREGATIONS) ?? 'sum',
          ...given({
            partner: values['partner'],
            subjects: wordOf('subjects', values['subjects'], SUBJECTS),
            silentHours: numberOf('silent-after', values['silent-after'], 1),
          }),
        };
        const json = await client.call(ROUTES.createMeter, { params: {}, query: undefined, body });
        return { json, text: table(HEADINGS, [row(json)]) };
      },
    },
    archive: {
      args: ['CODE'],
      options: { partner: PARTNER },
      summary: 'take no more events for it; what was counted is billed',
      async run({ client, args: [code = ''], values }) {
        const query = given({ partner: values['partner'] });
        await client.call(ROUTES.archiveMeter, { params: { meter: code }, query, body: undefined });
        return done(`${code} takes no more events`);
      },
    },
  },
};
