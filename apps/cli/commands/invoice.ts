import { writeFileSync } from 'node:fs';
import { type ResponseOf, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { given } from './values.ts';

type Preview = ResponseOf<(typeof ROUTES)['previewInvoice']>;

/** Minor units as people write them: 1234 EUR cents → `12.34`. */
function money(minor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const [sign, text] = [minor < 0 ? '-' : '', String(Math.abs(minor)).padStart(digits + 1, '0')];
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function previewText(preview: Preview): string {
  const { currency } = preview;
  const lines = table(
    ['FOR', 'QUANTITY', 'UNIT', 'PRICE', `AMOUNT ${currency}`],
    preview.lines.map((line) => [
      line.description,
      line.quantity,
      line.unit,
      line.unitPrice,
      money(line.amountMinor, currency),
    ]),
  );
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

export const invoice: Noun = {
  summary: 'what use comes to',
  verbs: {
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
