import { type ResponseOf, ROUTES, type SpendPolicy } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { UsageError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { minorOf, money } from './money.ts';
import { done, given, LIMIT, limitOf, numberOf, requireChange, wordOf } from './values.ts';

type Month = ResponseOf<(typeof ROUTES)['showMonthToDate']>;

function monthText({ partner, currency, periodStart, periodEnd, asOf, lines, toDate, forecast }: Month): string {
  const rows = lines.map(({ description, unit, toDate: now, forecast: then, basedOn }) => [
    description,
    now.quantity,
    money(now.amountMinor, currency),
    then.quantity,
    money(then.amountMinor, currency),
    unit,
    basedOn,
  ]);
  const sums = [
    ['Net', toDate.netMinor, forecast.netMinor],
    ['Tax', toDate.taxMinor, forecast.taxMinor],
    ['Total', toDate.totalMinor, forecast.totalMinor],
  ] as const;
  return [
    `${partner}, ${periodStart} to ${periodEnd}, as of ${asOf}`,
    table(['FOR', 'SO FAR', currency, 'MONTH', currency, 'UNIT', 'BASED ON'], rows),
    table(
      ['', 'SO FAR', 'MONTH'],
      sums.map(([name, now, then]) => [name, money(now, currency), money(then, currency)]),
    ),
  ].join('\n\n');
}

/** A policy's amounts are in the currency of the partner's prices, which the running month tells. */
const shown = (policy: SpendPolicy, currency: string): Output => {
  const amount = (minor: number | null): string | null =>
    minor === null ? null : `${money(minor, currency)} ${currency}`;
  const { thresholds, cap, capMinor, budgetMinor } = policy;
  const rows = thresholds.map(({ id, amountMinor, percent }) => [id, amount(amountMinor) ?? `${percent} %`]);
  const head = fields({ budget: amount(budgetMinor), cap, at: amount(capMinor) });
  return { json: policy, text: `${head}\n\n${table(['THRESHOLD', 'TELLS AT'], rows)}` };
};

const NOTHING = { query: undefined, body: undefined };

export const spend: Noun = {
  summary: 'what the running month comes to, being told in time, where to stop',
  verbs: {
    show: {
      args: ['PARTNER'],
      summary: 'the running month so far and as it is expected to end, by meter',
      async run({ client, args: [partner = ''] }) {
        const json = await client.call(ROUTES.showMonthToDate, { params: { partner }, ...NOTHING });
        return { json, text: monthText(json) };
      },
    },
    resources: {
      args: ['PARTNER'],
      options: { component: { type: 'value', value: 'NAME', summary: 'only of this one: hub-hours' }, limit: LIMIT },
      summary: 'the running month so far by hub, node, mailbox and volume',
      async run(invocation) {
        const { client, args, values } = invocation;
        const params = { partner: args[0] ?? '' };
        const { currency } = await client.call(ROUTES.showMonthToDate, { params, ...NOTHING });
        const query = given({ component: values['component'] });
        const items = await client.all('listMonthToDateResources', query, limitOf(invocation) ?? 500, params);
        const rows = items.map((one) => [
          one.component,
          one.label ?? one.resource,
          one.quantity,
          one.unit,
          money(one.amountMinor, currency),
        ]);
        return { json: items, text: table(['FOR', 'RESOURCE', 'QUANTITY', 'UNIT', `AMOUNT ${currency}`], rows) };
      },
    },
    policy: {
      args: ['PARTNER'],
      summary: 'budget, cap and thresholds',
      async run({ client, args: [partner = ''] }) {
        const params = { partner };
        const { currency } = await client.call(ROUTES.showMonthToDate, { params, ...NOTHING });
        return shown(await client.call(ROUTES.showSpendPolicy, { params, ...NOTHING }), currency);
      },
    },
    set: {
      args: ['PARTNER'],
      options: {
        budget: { type: 'value', value: 'AMOUNT|none', summary: 'a month, before tax: 500.00' },
        cap: { type: 'value', value: 'off|soft|hard', summary: 'soft warns; hard refuses what would cost more' },
        at: { type: 'value', value: 'AMOUNT', summary: 'where the cap is' },
      },
      summary: 'change budget and cap; mail is never stopped',
      async run({ client, args: [partner = ''], values }) {
        const params = { partner };
        const { currency } = await client.call(ROUTES.showMonthToDate, { params, ...NOTHING });
        const amount = (text: string | undefined): number | null | undefined =>
          text === undefined ? undefined : text === 'none' ? null : minorOf(text, currency);
        const body = requireChange(
          given({
            budgetMinor: amount(values['budget']),
            cap: wordOf('cap', values['cap'], ['off', 'soft', 'hard']),
            capMinor: amount(values['at']),
          }),
        );
        const { version } = await client.call(ROUTES.showSpendPolicy, { params, ...NOTHING });
        return shown(
          await client.call(ROUTES.updateSpendPolicy, { params, query: undefined, body }, version),
          currency,
        );
      },
    },
    tell: {
      args: ['PARTNER'],
      options: {
        at: { type: 'value', value: 'AMOUNT', summary: 'a month, before tax: 250.00' },
        percent: { type: 'value', value: 'N', summary: 'of the budget' },
      },
      summary: 'be told, once a month, by letter and webhook',
      async run({ client, args: [partner = ''], values }) {
        if ((values['at'] === undefined) === (values['percent'] === undefined))
          throw new UsageError('Say --at an amount or --percent of the budget.');
        const params = { partner };
        const { currency } = await client.call(ROUTES.showMonthToDate, { params, ...NOTHING });
        const body = given({
          amountMinor: values['at'] === undefined ? undefined : minorOf(values['at'], currency),
          percent: numberOf('percent', values['percent'], 1),
        });
        const made = await client.call(ROUTES.addSpendThreshold, { params, query: undefined, body });
        return { json: made, text: made.id };
      },
    },
    untell: {
      args: ['PARTNER', 'THRESHOLD'],
      summary: 'be told of it no more',
      async run({ client, args: [partner = '', threshold = ''] }) {
        await client.call(ROUTES.deleteSpendThreshold, { params: { partner, threshold }, ...NOTHING });
        return done(`${threshold} is told no more`);
      },
    },
    alerts: {
      args: ['PARTNER'],
      options: { month: { type: 'value', value: 'YYYY-MM', summary: 'only of this month' } },
      summary: 'what was told, the newest first',
      async run({ client, args: [partner = ''], values }) {
        const query = given({ month: values['month'] });
        const { items } = await client.call(ROUTES.listSpendAlerts, { params: { partner }, query, body: undefined });
        const rows = items.map(({ at, month, threshold, spendMinor, currency }) => [
          at,
          month,
          threshold,
          `${money(spendMinor, currency)} ${currency}`,
        ]);
        return { json: items, text: table(['AT', 'MONTH', 'THRESHOLD', 'SPENT'], rows) };
      },
    },
  },
};
