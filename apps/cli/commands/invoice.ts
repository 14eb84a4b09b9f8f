import { writeFileSync } from 'node:fs';
import { type Invoice, type ResponseOf, ROUTES } from '#api-schema';
import type { Command, Invocation, Noun, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { money } from './money.ts';
import { given, LIMIT, limitOf, numberOf, wordOf } from './values.ts';

type Preview = ResponseOf<(typeof ROUTES)['previewInvoice']>;

const linesText = (lines: Preview['lines'], currency: string): string =>
  table(
    ['FOR', 'QUANTITY', 'UNIT', 'PRICE', `AMOUNT ${currency}`],
    lines.map((line) => [
      line.description,
      line.quantity,
      line.unit,
      line.unitPrice,
      money(line.amountMinor, currency),
    ]),
  );

function previewText(preview: Preview): string {
  const { currency } = preview;
  const lines = linesText(preview.lines, currency);
  const totals = [
    ['Subtotal', preview.subtotalMinor],
    ['Tax', preview.taxMinor],
    ['Total', preview.totalMinor],
  ] as const;
  const sums = totals.map(([name, minor]) => `${name.padEnd(9)}${currency} ${money(minor, currency)}`);
  return [
    `${preview.partner}, ${preview.periodStart} to ${preview.periodEnd}, as of ${preview.asOf}`,
    lines,
    sums.join('\n'),
  ].join('\n\n');
}

async function evidence(invocation: Invocation): Promise<Output> {
  const { client, args, values } = invocation;
  const [partner = '', invoice = ''] = args;
  const params = { partner, invoice };
  const query = given({ line: numberOf('line', values['line'], 1), resource: values['resource'] });
  if (values['csv'] !== undefined) {
    const asked = { params, query: { ...query, format: 'csv' as const }, body: undefined };
    const file = await client.download(ROUTES.listInvoiceEvidence, asked);
    writeFileSync(values['csv'], file);
    return { json: { file: values['csv'], bytes: file.length }, text: `${values['csv']}: ${file.length} bytes` };
  }
  const items = await client.all('listInvoiceEvidence', query, limitOf(invocation) ?? 500, params);
  const rows = items.map((one) => [
    one.line,
    one.kind,
    one.label ?? one.resource,
    one.from,
    one.to,
    one.quantity,
    one.detail,
  ]);
  return { json: items, text: table(['LINE', 'KIND', 'RESOURCE', 'FROM', 'TO', 'QUANTITY', 'DETAIL'], rows) };
}

const HEADINGS = ['MONTH', 'NUMBER', 'STATE', 'TOTAL', 'DUE', 'CURRENCY', 'DUE AT', 'WHY NOT'];
const row = (one: Invoice) => [
  one.month,
  one.number,
  one.settlement ?? one.state,
  money(one.totalMinor, one.currency),
  one.dueMinor === null ? null : money(one.dueMinor, one.currency),
  one.currency,
  one.dueAt,
  one.failure ?? one.held,
];
const shown = (one: Invoice): Output => ({ json: one, text: table(HEADINGS, [row(one)]) });

/** A step of an invoice's way that somebody asks for. */
const step = (summary: string, route: typeof ROUTES.approveInvoice | typeof ROUTES.retryInvoice): Command => ({
  args: ['PARTNER', 'INVOICE'],
  summary,
  run: async ({ client, args: [partner = '', invoice = ''] }) =>
    shown(await client.call(route, { params: { partner, invoice }, query: undefined, body: undefined })),
});

export const invoice: Noun = {
  summary: 'what use comes to',
  verbs: {
    list: {
      args: ['PARTNER'],
      summary: 'invoices and drafts, the newest month first',
      async run({ client, args: [partner = ''] }) {
        const { items } = await client.call(ROUTES.listInvoices, {
          params: { partner },
          query: { limit: 500 },
          body: undefined,
        });
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    show: {
      args: ['PARTNER', 'INVOICE'],
      options: {
        format: { type: 'value', value: 'FORMAT', summary: 'pdf, xml, html or csv; with --out' },
        out: { type: 'value', value: 'FILE', summary: 'where to write it' },
      },
      summary: 'an invoice, by number or id',
      async run({ client, args: [partner = '', invoice = ''], values }) {
        const params = { partner, invoice };
        const format = wordOf('format', values['format'], ['pdf', 'xml', 'html', 'csv']);
        if (format === undefined) {
          const { lines, ...rest } = await client.call(ROUTES.showInvoice, { params, query: {}, body: undefined });
          return { json: { ...rest, lines }, text: `${fields(rest)}\n\n${linesText(lines, rest.currency)}` };
        }
        const file = values['out'] ?? `${invoice}.${format}`;
        const bytes = await client.download(ROUTES.showInvoice, { params, query: { format }, body: undefined });
        writeFileSync(file, bytes);
        return { json: { file, bytes: bytes.length }, text: `${file}: ${bytes.length} bytes` };
      },
    },
    approve: step('agree to a draft', ROUTES.approveInvoice),
    retry: step('try again to make a failed draft final', ROUTES.retryInvoice),
    collect: {
      args: ['PARTNER', 'INVOICE'],
      summary: 'charge what is due to the saved payment method now',
      async run({ client, args: [partner = '', invoice = ''] }) {
        const params = { partner, invoice };
        const json = await client.call(ROUTES.collectInvoice, { params, query: undefined, body: undefined });
        return { json, text: json.outcome };
      },
    },
    attempts: {
      args: ['PARTNER', 'INVOICE'],
      summary: 'each charge and why it failed',
      async run({ client, args: [partner = '', invoice = ''] }) {
        const params = { partner, invoice };
        const { items } = await client.call(ROUTES.listPaymentAttempts, { params, query: undefined, body: undefined });
        const rows = items.map((one) => [
          one.attempt,
          one.occasion,
          one.state,
          money(one.amountMinor, one.currency),
          one.failure,
        ]);
        return { json: items, text: table(['ATTEMPT', 'OCCASION', 'STATE', 'AMOUNT', 'WHY NOT'], rows) };
      },
    },
    evidence: {
      args: ['PARTNER', 'INVOICE'],
      options: {
        line: { type: 'value', value: 'N', summary: 'only of this line, by its position' },
        resource: { type: 'value', value: 'NAME', summary: 'only of this hub, node, mailbox or volume' },
        csv: { type: 'value', value: 'FILE', summary: 'write all of it as CSV' },
        limit: LIMIT,
      },
      summary: 'the facts behind an invoice, summing to its lines exactly',
      run: evidence,
    },
    preview: {
      args: ['PARTNER'],
      options: {
        month: { type: 'value', value: 'YYYY-MM', summary: 'in the partner’s time zone (the running one)' },
        pdf: { type: 'value', value: 'FILE', summary: 'write it as PDF' },
      },
      summary: 'a month’s priced lines, the running one until now',
      async run({ client, args: [partner = ''], values }) {
        const input = { params: { partner }, query: given({ month: values['month'] }), body: undefined };
        if (values['pdf'] !== undefined) {
          const pdf = await client.download(ROUTES.previewInvoice, {
            ...input,
            query: { ...input.query, format: 'pdf' },
          });
          writeFileSync(values['pdf'], pdf);
          return { json: { file: values['pdf'], bytes: pdf.length }, text: `${values['pdf']}: ${pdf.length} bytes` };
        }
        const json = await client.call(ROUTES.previewInvoice, input);
        return { json, text: previewText(json) };
      },
    },
  },
};
