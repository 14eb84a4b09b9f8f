import { DISPUTE_STATES, type Dispute, ROUTES } from '#api-schema';
import type { Command, Noun, Option, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { minorOf, money } from './money.ts';
import { given, LIMIT, limitOf, numberOf, PARTNER, wordOf } from './values.ts';

const HEADINGS = ['DISPUTE', 'PARTNER', 'INVOICE', 'LINE', 'STATE', 'AMOUNT', 'CURRENCY', 'OPENED'];
const row = (one: Dispute) => [
  one.id,
  one.partner,
  one.invoiceNumber,
  one.line,
  one.state,
  money(one.grossMinor, one.currency),
  one.currency,
  one.openedAt,
];

const TEXT: Option = { type: 'value', value: 'TEXT', required: true, summary: 'what to say' };
const NET: Option = { type: 'value', value: 'AMOUNT', summary: 'before tax (all of it)' };

function shown(dispute: Dispute): Output {
  const { comments, ...rest } = dispute;
  const thread = comments.map(({ side, author, at, text }) => `${at}  ${side} (${author})\n  ${text}`);
  return { json: dispute, text: [fields(rest), ...thread].join('\n\n') };
}

const resolution = (outcome: 'credited' | 'rejected', summary: string): Command => ({
  args: ['DISPUTE'],
  options: outcome === 'credited' ? { text: TEXT, net: NET } : { text: TEXT },
  summary,
  async run({ client, args: [dispute = ''], values }) {
    const params = { dispute };
    const { currency } = await client.call(ROUTES.showDispute, { params, query: undefined, body: undefined });
    const netMinor = values['net'] === undefined ? undefined : minorOf(values['net'], currency);
    const body = { outcome, text: values['text'] ?? '', ...given({ netMinor }) };
    return shown(await client.call(ROUTES.resolveDispute, { params, query: undefined, body }));
  },
});

export const dispute: Noun = {
  summary: 'lines of invoices that a partner holds to be wrong',
  verbs: {
    list: {
      args: [],
      options: {
        partner: PARTNER,
        state: { type: 'value', value: 'STATE', summary: DISPUTE_STATES.join(', ') },
        limit: LIMIT,
      },
      summary: 'the newest first',
      async run(invocation) {
        const { client, values } = invocation;
        const query = given({ partner: values['partner'], state: wordOf('state', values['state'], DISPUTE_STATES) });
        const items = await client.all('listDisputes', query, limitOf(invocation) ?? 100);
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    show: {
      args: ['DISPUTE'],
      summary: 'one, and what was said',
      run: async ({ client, args: [dispute = ''] }) =>
        shown(await client.call(ROUTES.showDispute, { params: { dispute }, query: undefined, body: undefined })),
    },
    open: {
      args: ['PARTNER', 'INVOICE', 'LINE'],
      options: { text: TEXT, net: NET },
      summary: 'dispute a line, by its position; it is not charged until that ends',
      async run({ client, args: [partner = '', invoice = '', line = ''], values }) {
        const params = { partner, invoice };
        const { currency } = await client.call(ROUTES.showInvoice, { params, query: {}, body: undefined });
        const netMinor = values['net'] === undefined ? undefined : minorOf(values['net'], currency);
        const body = { line: numberOf('line', line, 1) ?? 1, text: values['text'] ?? '', ...given({ netMinor }) };
        return shown(await client.call(ROUTES.openDispute, { params, query: undefined, body }));
      },
    },
    say: {
      args: ['DISPUTE'],
      options: { text: TEXT },
      summary: 'say something: with an operator’s key as support',
      run: async ({ client, args: [dispute = ''], values }) =>
        shown(
          await client.call(ROUTES.commentDispute, {
            params: { dispute },
            query: undefined,
            body: { text: values['text'] ?? '' },
          }),
        ),
    },
    withdraw: {
      args: ['DISPUTE'],
      summary: 'take it back',
      run: async ({ client, args: [dispute = ''] }) =>
        shown(await client.call(ROUTES.withdrawDispute, { params: { dispute }, query: undefined, body: undefined })),
    },
    credit: resolution('credited', 'end it with a credit note; operators only'),
    reject: resolution('rejected', 'end it, the line stands; operators only'),
  },
};
