import { type Payment, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { minorOf, money } from './money.ts';
import { given } from './values.ts';

const HEADINGS = ['RECEIVED', 'BY', 'INVOICE', 'AMOUNT', 'CURRENCY', 'REFERENCE'];
const row = ({ receivedAt, method, invoiceNumber, amountMinor, currency, reference }: Payment) => [
  receivedAt,
  method,
  invoiceNumber,
  money(amountMinor, currency),
  currency,
  reference,
];

export const payment: Noun = {
  summary: 'money that came, and what it is charged to',
  verbs: {
    list: {
      args: ['PARTNER'],
      summary: 'the newest 500 payments of a partner',
      async run({ client, args: [partner = ''] }) {
        const { items } = await client.call(ROUTES.listPayments, {
          params: { partner },
          query: { limit: 500 },
          body: undefined,
        });
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    record: {
      args: ['PARTNER'],
      options: {
        amount: { type: 'value', value: 'AMOUNT', required: true, summary: 'for example 592.60' },
        currency: { type: 'value', value: 'CODE', required: true, summary: 'for example EUR' },
        reference: {
          type: 'value',
          value: 'TEXT',
          required: true,
          summary: 'the bank’s; booked once however often entered',
        },
        invoice: { type: 'value', value: 'NUMBER', summary: 'what it pays; without one it tops up the wallet' },
        at: { type: 'value', value: 'INSTANT', summary: 'when it came (now)' },
      },
      summary: 'book a bank transfer',
      async run({ client, args: [partner = ''], values }) {
        const currency = values['currency'] ?? '';
        const body = {
          reference: values['reference'] ?? '',
          amountMinor: minorOf(values['amount'] ?? '', currency),
          currency,
          ...given({ invoice: values['invoice'], receivedAt: values['at'] }),
        };
        const made = await client.call(ROUTES.recordPayment, { params: { partner }, query: undefined, body });
        return { json: made, text: table(HEADINGS, [row(made)]) };
      },
    },
    methods: {
      args: ['PARTNER'],
      summary: 'saved payment methods',
      async run({ client, args: [partner = ''] }) {
        const params = { partner };
        const { items } = await client.call(ROUTES.listPaymentMethods, { params, query: undefined, body: undefined });
        const rows = items.map(({ id, kind, label, isDefault }) => [id, kind, label, isDefault ? 'yes' : 'no']);
        return { json: items, text: table(['METHOD', 'KIND', 'LABEL', 'DEFAULT'], rows) };
      },
    },
  },
};
