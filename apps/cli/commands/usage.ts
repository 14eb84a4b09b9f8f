import { ROUTES, type UsageFinding } from '#api-schema';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { eventsOf } from './usage-file.ts';
import { given, LIMIT, limitOf, PARTNER } from './values.ts';

/** Events a batch holds at most, as the API has it unless told otherwise. */
const BATCH_MAX = 1_000;

const FINDINGS = ['ID', 'PARTNER', 'KIND', 'METER', 'FROM', 'TO', 'HOLDS', 'RESOLVED', 'WHAT'];
const findingRow = (one: UsageFinding) => [
  one.id,
  one.partner,
  one.kind,
  one.meter,
  one.started,
  one.ended,
  one.holds ? 'yes' : 'no',
  one.resolvedBy,
  one.detail,
];

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
    findings: {
      args: [],
      options: {
        partner: PARTNER,
        limit: LIMIT,
        all: { type: 'flag', summary: 'those that were mended or accepted too' },
      },
      summary: 'where counting fell silent, and where what was counted is not what happened',
      async run(invocation) {
        const { client, values, flags } = invocation;
        const query = { ...given({ partner: values['partner'] }), open: flags.has('all') ? 'false' : 'true' };
        const items = await client.all('listUsageFindings', query, limitOf(invocation) ?? 100);
        return { json: items, text: table(FINDINGS, items.map(findingRow)) };
      },
    },
    accept: {
      args: ['FINDING'],
      options: { note: { type: 'value', value: 'TEXT', required: true, summary: 'why it is right as it is' } },
      summary: 'take what was found as it is: it alerts no more, and holds no invoice',
      async run({ client, args: [finding = ''], values }) {
        const body = { note: values['note'] ?? '' };
        const json = await client.call(ROUTES.acceptUsageFinding, { params: { finding }, query: undefined, body });
        return { json, text: table(FINDINGS, [findingRow(json)]) };
      },
    },
    send: {
      args: ['FILE'],
      options: { partner: PARTNER },
      summary: 'send events of add-on meters: CloudEvents in JSON, one, a list or one a line; - is standard input',
      async run({ client, args: [file = ''], values }) {
        const query = given({ partner: values['partner'] });
        const events = eventsOf(file);
        const json = { accepted: 0, duplicates: 0, rejected: 0, refusals: [] as unknown[][] };
        for (let from = 0; from < events.length; from += BATCH_MAX) {
          const body = events.slice(from, from + BATCH_MAX);
          const answer = await client.call(ROUTES.sendUsageEvents, { params: {}, query, body });
          json.accepted += answer.accepted;
          json.duplicates += answer.duplicates;
          json.rejected += answer.rejected;
          for (const [index, { id, outcome, reason, detail }] of answer.outcomes.entries())
            if (outcome === 'conflict' || outcome === 'rejected')
              json.refusals.push([from + index + 1, id, reason ?? outcome, detail]);
        }
        const { accepted, duplicates, rejected, refusals } = json;
        const sums = `${accepted} accepted, ${duplicates} counted before, ${rejected} refused`;
        const shown = refusals.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
        return {
          json,
          text: refusals.length === 0 ? sums : `${sums}\n\n${table(['EVENT', 'ID', 'WHY', 'DETAIL'], shown)}`,
        };
      },
    },
  },
};
