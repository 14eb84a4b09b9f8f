import { type Refund, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { UsageError } from '../failure.ts';
import { table } from '../table.ts';
import { minorOf, money } from './money.ts';
import { given, wordOf } from './values.ts';

const HEADINGS = ['REQUESTED', 'INVOICE', 'CREDIT NOTE', 'TO', 'STATE', 'AMOUNT', 'CURRENCY', 'WHY NOT'];
const row = (one: Refund) => [
  one.requestedAt,
  one.invoiceNumber,
  one.creditNoteNumber,
  one.method,
  one.state,
  money(one.amountMinor, one.currency),
  one.currency,
  one.failure,
];

const METHODS = ['stripe', 'wallet', 'manual'] as const;

/** `1=12.00,3=0.50`: lines by position with what is given back of each. */
function linesOf(text: string, currency: string): { line: number; netMinor: number }[] {
  return text.split(',').map((part) => {
    const [, line = '', amount = ''] = /^(\d+)=([\d.]+)$/.exec(part.trim()) ?? [];
    if (line === '') throw new UsageError(`--lines: LINE=AMOUNT, separated by commas, not ${part}`);
    return { line: Number(line), netMinor: minorOf(amount, currency) };
  });
}

export const refund: Noun = {
  summary: 'money of paid invoices that goes back',
  verbs: {
    list: {
      args: ['PARTNER'],
      summary: 'the newest 500 of a partner',
      async run({ client, args: [partner = ''] }) {
        const { items } = await client.call(ROUTES.listRefunds, {
          params: { partner },
          query: { limit: 500 },
          body: undefined,
        });
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    create: {
      args: ['PARTNER', 'INVOICE'],
      options: {
        to: { type: 'value', value: METHODS.join('|'), required: true, summary: 'where it goes' },
        reason: { type: 'value', value: 'TEXT', required: true, summary: 'on the credit note' },
        reference: { type: 'value', value: 'TEXT', summary: 'with manual: the bank’s; booked once' },
        lines: {
          type: 'value',
          value: 'LIST',
          summary: 'LINE=AMOUNT before tax, separated by commas (all that is left)',
        },
      },
      summary: 'give back all or part of a paid invoice; operators only',
      async run({ client, args: [partner = '', invoice = ''], values }) {
        const params = { partner, invoice };
        const { currency } = await client.call(ROUTES.showInvoice, { params, query: {}, body: undefined });
        const method = wordOf('to', values['to'], METHODS) ?? 'stripe';
        const lines = values['lines'] === undefined ? undefined : linesOf(values['lines'], currency);
        const body = { method, reason: values['reason'] ?? '', ...given({ reference: values['reference'], lines }) };
        const { items } = await client.call(ROUTES.createRefund, { params, query: undefined, body });
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
  },
};
